//! The table of figures.

use serde_json::{Value, json};

use crate::{DEFAULT, KINDS};

/// A row of the table: a figure for each of `KINDS`, or one figure.
pub struct Row {
    name: String,
    unit: &'static str,
    figures: Vec<f64>,
    goal: Goal,
}

enum Goal {
    None,
    /// At most this many times the floor's figure.
    Ratio(f64),
    AtMost(f64),
    AtLeast(f64),
}

impl Row {
    pub fn new(name: &str, unit: &'static str, figures: [f64; KINDS.len()], ratio: Option<f64>) -> Self {
        let goal = ratio.map_or(Goal::None, Goal::Ratio);
        Self { name: name.to_owned(), unit, figures: figures.into(), goal }
    }

    pub fn limit(name: &str, unit: &'static str, figures: [f64; KINDS.len()], most: f64) -> Self {
        Self { name: name.to_owned(), unit, figures: figures.into(), goal: Goal::AtMost(most) }
    }

    pub fn one(name: &str, unit: &'static str, figure: f64, most: f64) -> Self {
        Self { name: name.to_owned(), unit, figures: vec![figure], goal: Goal::AtMost(most) }
    }

    pub fn alone(name: &str, unit: &'static str, figure: f64) -> Self {
        Self { name: name.to_owned(), unit, figures: vec![figure], goal: Goal::None }
    }

    pub fn at_least(name: &str, unit: &'static str, figure: f64, least: f64) -> Self {
        Self { name: name.to_owned(), unit, figures: vec![figure], goal: Goal::AtLeast(least) }
    }

    /// The figure that the goal is about.
    fn decisive(&self) -> f64 {
        self.figures.get(DEFAULT).or(self.figures.last()).copied().unwrap_or(f64::NAN)
    }

    fn ratio(&self) -> Option<f64> {
        (self.figures.len() > 1).then(|| self.decisive() / self.figures[0])
    }

    fn verdict(&self) -> String {
        let (met, goal) = match self.goal {
            Goal::None => return String::new(),
            Goal::Ratio(most) => {
                (self.ratio().is_some_and(|ratio| ratio <= most), format!("at most {most} × the floor"))
            }
            Goal::AtMost(most) => (self.decisive() <= most, format!("at most {most} {}", self.unit)),
            Goal::AtLeast(least) => (self.decisive() >= least, format!("at least {least} {}", self.unit)),
        };
        format!("{goal}{}", if met { "" } else { " (missed)" })
    }

    pub fn to_json(&self) -> Value {
        json!({"name": self.name, "unit": self.unit, "figures": self.figures})
    }
}

/// Prints the table in Markdown.
pub fn print(rows: &[Row]) {
    println!("| figure | floor | relay alone | relay | to a channel | relay / floor | goal |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for row in rows {
        let cell =
            |figure: f64| format!("{figure:.*} {}", usize::from(figure < 100.0) * 2, row.unit).trim_end().to_owned();
        let cells: Vec<String> = match &row.figures[..] {
            [one] => vec![String::new(), String::new(), cell(*one), String::new()],
            all => all.iter().copied().map(cell).collect(),
        };
        let ratio = row.ratio().map_or(String::new(), |ratio| format!("{ratio:.2}"));
        println!("| {} | {} | {ratio} | {} |", row.name, cells.join(" | "), row.verdict());
    }
}

/// The middle of several figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

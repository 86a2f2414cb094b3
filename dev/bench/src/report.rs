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

/// A row of the table of what Lambda sells.
pub struct SoldRow {
    name: String,
    unit: &'static str,
    /// Of the floor, the network alone, the relay alone, and the relay.
    figures: [f64; 4],
    goal: String,
    is_met: bool,
    above: Option<f64>,
}

impl SoldRow {
    pub fn new(name: String, unit: &'static str, figures: [f64; 4]) -> Self {
        Self { name, unit, figures, goal: String::new(), is_met: true, above: None }
    }

    fn relay(&self) -> f64 {
        self.figures[3]
    }

    /// The relay may take so much more than `base`.
    pub fn at_most_above(self, base: f64, most: f64, name: &str) -> Self {
        let above = self.relay() - base;
        let goal = format!("at most {most} {} above {name}", self.unit);
        Self { goal, is_met: above <= most, above: Some(above), ..self }
    }

    pub fn at_least(self, least: f64) -> Self {
        Self { goal: format!("at least {least}"), is_met: self.relay() >= least, ..self }
    }

    pub fn to_json(&self) -> Value {
        json!({"name": self.name, "unit": self.unit, "figures": self.figures, "above": self.above})
    }
}

/// Prints the table in Markdown. `left_out` is why memory sizes were left out.
pub fn print_sold(rows: &[SoldRow], left_out: Option<&str>) {
    println!("\n| as Lambda sells it | floor | network alone | relay alone | relay | above | goal |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for row in rows {
        let cells = row.figures.map(|figure| format!("{figure:.1}")).join(" | ");
        let above = row.above.map_or(String::new(), |above| format!("{above:+.1}"));
        let missed = if row.is_met { "" } else { " (missed)" };
        println!("| {}, {} | {cells} | {above} | {}{missed} |", row.name, row.unit, row.goal);
    }
    if let Some(why) = left_out {
        println!(
            "| 128, 256 and 512 MB: left out, because this user cannot make CPU cgroups here ({why}) | | | | | | |"
        );
    }
}

/// The middle of several figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

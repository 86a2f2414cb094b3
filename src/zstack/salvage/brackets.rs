//! The brackets around members in a text with broken JSON.

/// Whether a text is complete: everything that is opened before the first name is closed behind the last one. A text
/// that is cut off is not read, because the part that is missing may change its meaning.
pub(super) fn is_complete(text: &str, behind_last: &str, closers: &[char]) -> bool {
    let end = closers.iter().try_fold(text.trim_end(), |text, c| text.strip_suffix(*c).map(str::trim_end));
    let (opened, closed): (Vec<_>, Vec<_>) = brackets(behind_last).partition(|bracket| "{[".contains(*bracket));
    let outermost = closers.first().is_none_or(|c| text.trim_end().ends_with(*c));
    end.is_some() || outermost && closed.len() >= closers.len() + opened.len()
}

/// `text` without the characters of `frame` at its end, the first one being the last in the text, and without white space
/// around them. A character that is missing is skipped.
pub(super) fn without<'a>(text: &'a str, frame: &[char]) -> &'a str {
    frame.iter().fold(text.trim_end(), |text, c| text.strip_suffix(*c).unwrap_or(text).trim_end())
}

/// The brackets that would close what `text` leaves open, the outermost first.
pub(super) fn closers(text: &str) -> Vec<char> {
    let mut closers = Vec::new();
    for bracket in brackets(text) {
        match bracket {
            '{' => closers.push('}'),
            '[' => closers.push(']'),
            _ => {
                closers.pop_if(|closer| *closer == bracket);
            }
        }
    }
    closers
}

/// The brackets of objects and lists, without those inside a value. An opening bracket stands behind a colon, a comma or
/// `[`, and in front of a name or another opening bracket. A closing bracket stands in front of a comma or another
/// closing bracket.
fn brackets(text: &str) -> impl Iterator<Item = char> {
    text.char_indices().filter(|(_, c)| "{}[]".contains(*c)).filter_map(|(at, bracket)| {
        let before = || text[..at].trim_end().chars().next_back();
        let behind = text[at + 1..].trim_start().chars().next();
        let is_one = match bracket {
            '{' | '[' => before().is_none_or(|c| ":,[".contains(c)) && behind.is_none_or(|c| "\"{[".contains(c)),
            _ => behind.is_none_or(|c| ",}]".contains(c)),
        };
        is_one.then_some(bracket)
    })
}

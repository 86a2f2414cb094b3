//! The brackets around members in a text with broken JSON.

/// Whether a text goes on to its end, and is not cut off: all that was opened before the first name is closed behind
/// the last one. What a text that is cut off would have said next is not known.
pub(super) fn ends_whole(text: &str, behind_last: &str, closers: &[char]) -> bool {
    let end = closers.iter().try_fold(text.trim_end(), |text, c| text.strip_suffix(*c).map(str::trim_end));
    let (opened, closed): (Vec<_>, Vec<_>) = brackets(behind_last).partition(|bracket| "{[".contains(*bracket));
    let outermost = closers.first().is_none_or(|c| text.trim_end().ends_with(*c));
    end.is_some() || outermost && closed.len() >= closers.len() + opened.len()
}

/// `text` without the `frame` at its end, and without white space around each of its characters.
pub(super) fn without<'a>(text: &'a str, frame: &[char]) -> &'a str {
    frame.iter().fold(text.trim_end(), |text, c| text.strip_suffix(*c).unwrap_or(text).trim_end())
}

/// What closes the objects and lists that `text` leaves open, the outermost first.
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

/// The brackets of objects and lists. A bracket in a value is none of them: what opens stands behind a colon, a comma or
/// a list's bracket and in front of a name or another one, and what closes stands in front of a comma or another one.
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

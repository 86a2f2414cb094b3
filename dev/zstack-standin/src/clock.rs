//! Times, and how ZStack writes them.

use std::time::UNIX_EPOCH;

use time::{OffsetDateTime, UtcOffset};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Epoch milliseconds. 0 if the clock is before 1970.
pub(crate) fn now() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A date as Java's English locale writes it: `Jul 6, 2018 1:50:39 PM`.
pub(crate) fn text(millis: i64, offset: UtcOffset) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(millis / 1000) else { return String::new() };
    let at = at.to_offset(offset);
    let (hour, half) = match at.hour() {
        0 => (12, "AM"),
        hour @ 1..=11 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    let month = MONTHS[usize::from(u8::from(at.month())) - 1];
    format!("{month} {}, {} {hour}:{:02}:{:02} {half}", at.day(), at.year(), at.minute(), at.second())
}

/// A date as templates get it: `MM-dd HH:mm`.
pub(crate) fn short(millis: i64, offset: UtcOffset) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(millis / 1000) else { return String::new() };
    let at = at.to_offset(offset);
    format!("{:02}-{:02} {:02}:{:02}", u8::from(at.month()), at.day(), at.hour(), at.minute())
}

/// Reads the header `Date` of a signed call, `Thu, 27 Nov 2025 17:00:00 CST`, as a time of the server's zone: ZStack
/// ignores the zone that it names. Returns epoch milliseconds.
pub(crate) fn read_signed(date: &str, offset: UtcOffset) -> Option<i64> {
    let parts: Vec<&str> = date.split(' ').collect();
    let [weekday, day, month, year, clock, _zone] = parts[..] else { return None };
    WEEKDAYS.contains(&weekday.strip_suffix(',')?).then_some(())?;
    let month = u8::try_from(MONTHS.iter().position(|it| *it == month)? + 1).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month.try_into().ok()?, day.parse().ok()?).ok()?;
    let figures: Vec<u8> = clock.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hour, minute, second] = figures[..] else { return None };
    let at = date.with_hms(hour, minute, second).ok()?.assume_offset(offset);
    Some(at.unix_timestamp() * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_java_does() {
        for (millis, hours, wanted) in [
            (1_530_856_239_000, 8, "Jul 6, 2018 1:50:39 PM"),
            (1_530_806_439_000, 8, "Jul 6, 2018 12:00:39 AM"),
            (1_530_849_639_000, 8, "Jul 6, 2018 12:00:39 PM"),
            (1_530_849_639_000, 0, "Jul 6, 2018 4:00:39 AM"),
        ] {
            assert_eq!(text(millis, UtcOffset::from_hms(hours, 0, 0).unwrap()), wanted);
        }
    }

    #[test]
    fn the_zone_of_a_signed_date_is_ignored() {
        let east = UtcOffset::from_hms(8, 0, 0).unwrap();
        for zone in ["CST", "GMT", "UTC"] {
            assert_eq!(read_signed(&format!("Thu, 27 Nov 2025 17:00:00 {zone}"), east), Some(1_764_234_000_000));
        }
        for wrong in ["Thu, 27 Nov 2025 17:00:00", "27 Nov 2025 17:00:00 CST", "周四, 27 Nov 2025 17:00:00 CST", ""] {
            assert_eq!(read_signed(wrong, east), None, "{wrong}");
        }
    }
}

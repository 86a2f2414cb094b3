//! The condition of an alarm or of its recovery.

use crate::zstack::fields::{Members, Text, Value};
use crate::zstack::words::Operator;

/// The fields of an alarm in `metric operator threshold`. The operator of a recovery's condition is reversed, so that
/// alarm and recovery have the same condition. A text of another form becomes the metric.
pub(super) fn condition_fields<'a>(text: &str, is_recovery: bool) -> Members<'a> {
    let parts = text.rsplit_once(' ').and_then(|(left, threshold)| {
        // Teams' cards have two blanks here (`docs/protocols/zstack.md`, "Feishu and Teams").
        let (metric, operator) = left.trim_end().rsplit_once(' ')?;
        Some((metric, Operator::read(operator)?, threshold))
    });
    let field = |name: &'static str, text: &str| (Text::from(name), Value::Text(text.to_owned().into()));
    let Some((metric, operator, threshold)) = parts else { return vec![field("ALARM_METRIC", text)] };
    let operator = if is_recovery { operator.reverse() } else { operator };
    vec![
        field("ALARM_METRIC", metric),
        field("ALARM_COMPARISON_OPERATOR", operator.symbol()),
        field("ALARM_THRESHOLD", threshold),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_metric_operator_and_threshold() {
        let fields_of = |text: &str, is_recovery| {
            let fields = condition_fields(text, is_recovery);
            fields.iter().map(|(_, value)| value.text().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(fields_of("CPU平均使用率 大于等于 80.00%", false), ["CPU平均使用率", ">=", "80.00%"]);
        assert_eq!(fields_of("CPU平均使用率 小于 80.00%", true), ["CPU平均使用率", ">=", "80.00%"]);
        assert_eq!(fields_of("Memory used GreaterThan 1.50GB", false), ["Memory used", ">", "1.50GB"]);
        assert_eq!(fields_of("Memory used LessThanOrEqualTo 1.50GB", true), ["Memory used", ">", "1.50GB"]);
        assert_eq!(fields_of("too hot", true), ["too hot"]);
    }
}

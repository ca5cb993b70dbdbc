//! Numbers as text. The standard library's own formatting and parsing of floats would bring 20 kB of tables into the
//! page, which measures and thresholds with a few digits do not need.

use crate::language::say;
/// `value` with `places` digits after the point, rounded half away from zero.
pub fn fixed(value: f64, places: u32) -> String {
    let scale = 10_i64.pow(places);
    let scaled = (value * scale as f64).round() as i64;
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, part) = (scaled.abs() / scale, scaled.abs() % scale);
    if places == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{part:0width$}", width = places as usize)
}

/// `value` with at most `places` digits after the point and no noughts at the end.
pub fn short(value: f64, places: u32) -> String {
    let text = fixed(value, places);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `count` with its thousands apart: `12,345`.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count < 0 { format!("-{text}") } else { text }
}

/// A number of which only the size matters, to two digits: `0.003`, `0.45`, `1.2`, `37`, `1,200`; less than a
/// thousandth is told as that.
pub fn significant(value: f64) -> String {
    match value {
        value if value <= 0.0 => "0".to_owned(),
        value if value < 0.001 => say!(words.less_than, number = "0.001"),
        value if value < 0.1 => short(value, 3),
        value if value < 1.0 => short(value, 2),
        value if value < 10.0 => short(value, 1),
        value if value < 100.0 => fixed(value, 0),
        value => {
            let mut scale = 1.0;
            while value / scale >= 100.0 {
                scale *= 10.0;
            }
            grouped(((value / scale).round() * scale) as i64)
        }
    }
}

/// A rate as a share of a hundred, or as one in so many where it is rarer than one in a thousand.
pub fn rate(share: f64) -> String {
    match share {
        share if share <= 0.0 => say!(words.none_seen).to_owned(),
        share if share < 0.001 => say!(words.one_in, number = significant(1.0 / share)),
        share => say!(words.percent, number = short(share * 100.0, 2)),
    }
}

/// Reads thousandths from `0.913`, `0,913`, `-1` or `.5`; `None` for anything else or for more than nine digits.
pub fn thousandths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let all_digits = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
    if !all_digits || whole.len() + part.len() == 0 || whole.len() > 6 || part.len() > 3 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let padded = format!("{part:0<3}");
    let value = whole * 1000 + padded.parse::<i64>().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_rounds_and_pads() {
        for (value, places, text) in [
            (0.905, 2, "0.91"),
            (0.004, 2, "0.00"),
            (1.0, 3, "1.000"),
            (-0.25, 1, "-0.3"),
            (14.6, 0, "15"),
            (f64::from(0.05_f32), 3, "0.050"),
        ] {
            assert_eq!(fixed(value, places), text, "{value}");
        }
    }

    #[test]
    fn short_leaves_noughts_away() {
        assert_eq!(short(f64::from(0.05_f32), 3), "0.05");
        assert_eq!(short(2.0, 3), "2");
        assert_eq!(short(20.0, 0), "20");
    }

    #[test]
    fn sizes_are_told_in_two_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.000_4, "less than 0.001"),
            (0.003_4, "0.003"),
            (0.456, "0.46"),
            (1.25, "1.3"),
            (37.4, "37"),
            (1_234.0, "1,200"),
            (98_765_432.0, "99,000,000"),
        ] {
            assert_eq!(significant(value), text, "{value}");
        }
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-12_345_678, "-12,345,678")] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn a_rare_rate_is_one_in_so_many() {
        for (share, text) in [
            (0.0, "none seen"),
            (0.000_01, "1 in 100,000"),
            (0.001, "0.1 %"),
            (0.012_3, "1.23 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(rate(share), text, "{share}");
        }
    }

    #[test]
    fn thousandths_read_what_people_type() {
        for (text, value) in [
            ("0.913", Some(913)),
            (" 0,9 ", Some(900)),
            ("-1", Some(-1000)),
            (".05", Some(50)),
            ("2", Some(2000)),
            ("", None),
            ("-", None),
            ("0.9134", None),
            ("1.2.3", None),
            ("zero", None),
            ("99999999", None),
        ] {
            assert_eq!(thousandths(text), value, "{text}");
        }
    }
}

//! Numbers as text. The standard library's own formatting and parsing of floats would bring 20 kB of tables into the
//! page, which measures and thresholds with a few digits do not need.

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

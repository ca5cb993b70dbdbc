//! A ROC as SVG: false match rate on a logarithmic axis, labelled.

use std::fmt::Write as _;

use super::curve::{Curve, Point};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 480.0;
/// Space for the labels: left, top, right, bottom.
const BORDER: [f64; 4] = [70.0, 40.0, 20.0, 60.0];
/// Told apart in print and by people who cannot tell red from green (Okabe and Ito 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
/// Ticks of the share of genuine comparisons that are accepted.
const TICKS: usize = 5;

/// Where rates come to lie on the picture.
struct Axes {
    /// Least decade of the false match rate; the largest is 0.
    decade: i32,
    /// Least true match rate.
    low: f64,
}

impl Axes {
    fn of(curves: &[Curve]) -> Self {
        let points = || curves.iter().flat_map(|curve| &curve.points);
        let least = points().map(|point| point.false_match_rate).filter(|rate| *rate > 0.0);
        let decade = least.fold(0.1, f64::min).log10().floor() as i32;
        let low = points().map(|point| point.true_match_rate).fold(1.0, f64::min);
        // Down to a whole tenth, so that the ticks are round.
        Self { decade, low: ((low * 10.0).ceil() / 10.0 - 0.1).max(0.0) }
    }

    fn x(&self, rate: f64) -> f64 {
        let share = 1.0 - rate.log10() / f64::from(self.decade);
        BORDER[0] + share * (WIDTH - BORDER[0] - BORDER[2])
    }

    fn y(&self, rate: f64) -> f64 {
        let share = (rate - self.low) / (1.0 - self.low);
        HEIGHT - BORDER[3] - share * (HEIGHT - BORDER[1] - BORDER[3])
    }
}

/// Draws the curves with axes, grid and legend.
pub fn svg(title: &str, curves: &[Curve]) -> String {
    let axes = Axes::of(curves);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{}\" y=\"24\" font-size=\"16\">{}</text>\n",
        BORDER[0],
        escaped(title)
    );
    grid(&mut text, &axes);
    for (i, Curve { name, points }) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            steps(points, &axes)
        );
        let (x, y) = (WIDTH - 300.0, HEIGHT - BORDER[3] - 20.0 - 20.0 * i as f64);
        let _ = writeln!(
            text,
            "<path d=\"M{x} {y}h24\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{}\" y=\"{}\">{}</text>",
            x + 32.0,
            y + 4.0,
            escaped(name)
        );
    }
    text.push_str("</svg>\n");
    text
}

fn grid(text: &mut String, axes: &Axes) {
    let [left, top, right, bottom] = BORDER;
    let (right, bottom) = (WIDTH - right, HEIGHT - bottom);
    for decade in axes.decade..=0 {
        let x = axes.x(10f64.powi(decade));
        let _ = writeln!(
            text,
            "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">1e{decade}</text>",
            bottom + 18.0
        );
    }
    for tick in 0..=TICKS {
        let rate = axes.low + (1.0 - axes.low) * tick as f64 / TICKS as f64;
        let y = axes.y(rate);
        let _ = writeln!(
            text,
            "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.1} %</text>",
            left - 8.0,
            y + 4.0,
            rate * 100.0
        );
    }
    let (middle, height) = ((left + right) / 2.0, f64::midpoint(top, bottom));
    let _ = writeln!(
        text,
        "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#333\"/>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">false match rate (logarithmic)</text>\n\
         <text transform=\"translate(18 {height}) rotate(-90)\" text-anchor=\"middle\">true match rate</text>",
        HEIGHT - 14.0
    );
}

/// A measured curve is a staircase: between two points the true match rate of the lower one holds.
fn steps(points: &[Point], axes: &Axes) -> String {
    let mut path = String::new();
    for point in points.iter().filter(|point| point.false_match_rate > 0.0) {
        let (x, y) = (axes.x(point.false_match_rate), axes.y(point.true_match_rate));
        let _ = if path.is_empty() { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "H{x:.1}V{y:.1}") };
    }
    path
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(rates: &[(f64, f64)]) -> Curve {
        let point = |&(false_match_rate, true_match_rate): &(f64, f64)| Point {
            threshold: 0.5,
            false_match_rate,
            true_match_rate,
        };
        Curve { name: "a < b".into(), points: rates.iter().map(point).collect() }
    }

    #[test]
    fn axes_reach_from_the_least_decade_to_one() {
        let axes = Axes::of(&[curve(&[(2e-4, 0.83), (1.0, 1.0)])]);
        assert_eq!(axes.decade, -4);
        assert!((axes.low - 0.8).abs() < 1e-9);
        assert!((axes.x(1e-4) - BORDER[0]).abs() < 1e-9);
        assert!((axes.x(1.0) - (WIDTH - BORDER[2])).abs() < 1e-9);
        assert!((axes.y(1.0) - BORDER[1]).abs() < 1e-9);
    }

    #[test]
    fn the_picture_names_its_axes_and_curves() {
        let text = svg("pack & pairs", &[curve(&[(1e-3, 0.9), (1e-2, 0.95), (1.0, 1.0)])]);
        for part in
            ["false match rate", "true match rate", ">1e-3<", "100.0 %", "a &lt; b", "pack &amp; pairs"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    }

    #[test]
    fn nothing_measured_is_still_a_picture() {
        assert!(!svg("", &[]).contains("NaN"));
        assert!(!svg("", &[curve(&[(1.0, 1.0)])]).contains("NaN"));
        assert!(!svg("", &[curve(&[(1.0, 0.0)])]).contains("NaN"));
    }
}

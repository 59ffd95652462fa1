//! Charts as inline SVG: bars, stacked bars, lines.
//!
//! Owns scales, ticks and the placing of words; colours are classes, so that the
//! page's style decides them, in the light and in the dark. Plain text: no script,
//! no font but the reader's own. Called by the page.

use std::fmt::Write;

/// How many colours there are for series.
pub(super) const COLOURS: usize = 6;

/// Width of a line chart and the space around its plot.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// A line of a chart.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    /// Its colour.
    pub(super) colour: usize,
    pub(super) points: Vec<Point>,
}

/// A point, ascending by `x`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Hollow if not.
    pub(super) is_kept: bool,
}

/// Lines over a number of players. What lies far beyond the limit leaves the plot: a
/// server that falls over must not flatten everything before it.
pub(super) fn lines(series: &[Series], limit: Option<f64>, unit: &str) -> String {
    let points = || series.iter().flat_map(|one| &one.points);
    let highest = |kept_only: bool| {
        let points = points().filter(|point| point.is_kept || !kept_only);
        points.map(|point| point.y).fold(0.0, f64::max)
    };
    let cap = (highest(true) * 1.6).max(limit.unwrap_or(0.0) * 1.8);
    let top = match cap {
        cap if cap > 0.0 => highest(false).min(cap).max(limit.unwrap_or(0.0)) * 1.06,
        _ => highest(false).max(1e-3),
    };
    let right = points().map(|point| point.x).fold(1.0, f64::max) * 1.03;
    let plot_width = WIDTH - LEFT - RIGHT;
    let plot_height = HEIGHT - TOP - BOTTOM;
    let at_x = |x: f64| LEFT + x / right * plot_width;
    let at_y = |y: f64| TOP + plot_height - y / top * plot_height;

    let mut svg = format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n");
    for y in ticks(top, 4) {
        let (at, label) = (at_y(y), short(y));
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            WIDTH - RIGHT,
            LEFT - 7.0,
            at + 4.0,
        );
    }
    let base = TOP + plot_height;
    for x in ticks(right, 5) {
        let _ = writeln!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            at_x(x),
            base + 17.0,
            short(x),
        );
    }
    let _ = writeln!(
        svg,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{base}\" y2=\"{base}\"/>\
         <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">players</text>\
         <text class=\"tick\" x=\"{LEFT}\" y=\"{:.1}\" text-anchor=\"start\">{}</text>",
        WIDTH - RIGHT,
        WIDTH - RIGHT,
        HEIGHT - 6.0,
        HEIGHT - 6.0,
        escape(unit),
    );
    if let Some(limit) = limit {
        let at = at_y(limit);
        let _ = writeln!(
            svg,
            "<line class=\"limit\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"limit\" x=\"{}\" y=\"{:.1}\">limit</text>",
            WIDTH - RIGHT,
            LEFT + 6.0,
            at - 5.0,
        );
    }
    for one in series {
        draw(&mut svg, one, top, &at_x, &at_y);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(
    svg: &mut String,
    series: &Series,
    top: f64,
    at_x: &dyn Fn(f64) -> f64,
    at_y: &dyn Fn(f64) -> f64,
) {
    let colour = series.colour % COLOURS;
    let path: Vec<_> = series
        .points
        .iter()
        // A line that leaves the plot ends at its edge.
        .scan(false, |has_left, point| {
            if *has_left {
                return None;
            }
            *has_left = point.y > top;
            Some(format!(
                "{:.1},{:.1}",
                at_x(point.x),
                at_y(point.y.min(top))
            ))
        })
        .collect();
    let _ = writeln!(
        svg,
        "<polyline class=\"line c{colour}\" points=\"{}\"/>",
        path.join(" ")
    );
    for point in series.points.iter().filter(|point| point.y <= top) {
        let kind = if point.is_kept { "dot" } else { "dot missed" };
        let _ = writeln!(
            svg,
            "<circle class=\"{kind} c{colour}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.2\"><title>{}, {} players: {}</title></circle>",
            at_x(point.x),
            at_y(point.y),
            escape(&series.name),
            short(point.x),
            short(point.y),
        );
    }
}

/// A bar: its name, its length and the words at its end.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) words: String,
}

const BAR_WIDTH: f64 = 760.0;
const BAR_LEFT: f64 = 74.0;
const BAR_HEIGHT: f64 = 44.0;

/// Horizontal bars, one under the other; the number stands large at its end.
pub(super) fn bars(bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    let height = BAR_HEIGHT * bars.len() as f64 + 6.0;
    let mut svg = format!(
        "<svg class=\"chart bars\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {BAR_WIDTH} {height}\" role=\"img\">\n"
    );
    for (index, bar) in bars.iter().enumerate() {
        let y = BAR_HEIGHT * index as f64 + 8.0;
        // Room for the words beside the longest.
        let width = bar.value / longest * (BAR_WIDTH - BAR_LEFT) * 0.55;
        let _ = writeln!(
            svg,
            "<text class=\"name\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar c{}\" x=\"{BAR_LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"30\" rx=\"2\"/>\
             <text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}<tspan class=\"words\" dx=\"9\">{}</tspan></text>",
            BAR_LEFT - 12.0,
            y + 20.5,
            escape(&bar.name),
            index % COLOURS,
            width.max(2.0),
            BAR_LEFT + width + 12.0,
            y + 21.5,
            thousands(bar.value),
            escape(&bar.words),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A bar of several parts.
#[derive(Clone, Debug)]
pub(super) struct Stack {
    pub(super) name: String,
    /// What each is, and its part of the whole (0–1).
    pub(super) parts: Vec<(String, f64)>,
    pub(super) words: String,
}

/// Stacked bars over a scale from nothing to the longest, marked at `limit` (0–1).
pub(super) fn stacks(stacks: &[Stack], limit: Option<f64>) -> String {
    let whole = |stack: &Stack| stack.parts.iter().map(|part| part.1).sum::<f64>();
    let longest = stacks
        .iter()
        .map(whole)
        .fold(limit.unwrap_or(0.0), f64::max);
    let scale = (BAR_WIDTH - BAR_LEFT) * 0.8 / longest.max(1e-6);
    let rows = BAR_HEIGHT * stacks.len() as f64 + 6.0;
    let height = rows + 24.0;
    let mut svg =
        format!("<svg class=\"chart bars\" viewBox=\"0 0 {BAR_WIDTH} {height}\" role=\"img\">\n");
    for share in ticks(longest * 100.0, 5) {
        let at = BAR_LEFT + share / 100.0 * scale;
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{rows}\"/>\
             <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} %</text>",
            rows + 16.0,
            short(share),
        );
    }
    for (index, stack) in stacks.iter().enumerate() {
        let y = BAR_HEIGHT * index as f64 + 8.0;
        let _ = writeln!(
            svg,
            "<text class=\"name\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            BAR_LEFT - 12.0,
            y + 20.5,
            escape(&stack.name),
        );
        let mut x = BAR_LEFT;
        for (part, (name, share)) in stack.parts.iter().enumerate() {
            let width = share * scale;
            let _ = writeln!(
                svg,
                "<rect class=\"bar p{part}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"30\">\
                 <title>{}: {:.1} % of the period</title></rect>",
                escape(name),
                share * 100.0,
            );
            x += width;
        }
        let _ = writeln!(
            svg,
            "<text class=\"words\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 10.0,
            y + 20.0,
            escape(&stack.words),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Round numbers from 0 to `top`, about `count` of them.
fn ticks(top: f64, count: u32) -> Vec<f64> {
    if !(top.is_finite() && top > 0.0) {
        return vec![0.0];
    }
    let rough = top / f64::from(count);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let most = (top / step).floor() as u32;
    (0..=most).map(|index| f64::from(index) * step).collect()
}

/// A number in few letters.
pub(super) fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if size >= 1000.0 => thousands(number),
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 0.095 => {
            let text = format!("{number:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{number:.3}"),
    }
}

fn thousands(number: f64) -> String {
    crate::table::thousands(number.round() as u64)
}

/// Text as it may stand between tags and within attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (top, count, expected) in [
            (1.0, 4, vec![0.0, 0.25, 0.5, 0.75, 1.0]),
            (3300.0, 5, vec![0.0, 1000.0, 2000.0, 3000.0]),
            (47.0, 4, vec![0.0, 20.0, 40.0]),
            (0.0, 4, vec![0.0]),
            (f64::NAN, 4, vec![0.0]),
        ] {
            assert_eq!(ticks(top, count), expected, "{top}");
        }
    }

    #[test]
    fn what_falls_over_does_not_flatten_what_went_before() {
        let point = |x, y, is_kept| Point { x, y, is_kept };
        let series = [Series {
            name: "20 Hz".into(),
            colour: 0,
            points: vec![
                point(100.0, 0.2, true),
                point(200.0, 0.4, true),
                point(400.0, 90.0, false),
            ],
        }];
        let svg = lines(&series, Some(0.5), "periods");
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        assert!(svg.contains("class=\"limit\""));
        // The last point is the plot's upper edge, not above it.
        assert!(svg.contains(&format!(",{TOP:.1}\"")), "{svg}");
        let empty = lines(&[], None, "");
        assert!(!empty.contains("NaN") && !empty.contains("inf"), "{empty}");
    }

    #[test]
    fn names_are_no_tags() {
        let bar = Bar {
            name: "<b>".into(),
            value: 3.0,
            words: "a & \"b\"".into(),
        };
        let svg = bars(&[bar]);
        assert!(svg.contains("&lt;b&gt;") && svg.contains("a &amp; &quot;b&quot;"));
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (0.031, "0.031"),
            (0.5, "0.5"),
            (1.25, "1.25"),
            (20.0, "20"),
            (1234.0, "1,234"),
        ] {
            assert_eq!(short(number), text);
        }
    }
}

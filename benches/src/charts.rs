//! Draws the charts of the page, as SVG.

use crate::run::{Case, Pair, Run, median};
use crate::suite::{Suite, Table};
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (720, 400);
const FONT: &str = "sans-serif";

/// One line: its name, its colour, its points.
type Line = (&'static str, RGBColor, Vec<(f64, f64)>);

/// Draws all charts into `folder`.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn draw(suite: &Suite, folder: &Path) -> Result<()> {
    floor(&suite.pairs, &folder.join("performance-floor.svg"))?;
    growth(suite, &folder.join("performance-growth.svg"))?;
    bytes(&suite.streams, &folder.join("performance-bytes.svg"))
}

fn floor(pairs: &[(Case, Vec<Pair>)], path: &Path) -> Result<()> {
    let line = |rooms: usize, figure: fn(&Pair) -> f64| {
        let cases = pairs
            .iter()
            .filter(|(case, pairs)| case.rooms == rooms && !pairs.is_empty());
        let points =
            cases.map(|(case, pairs)| (case.players as f64, median(pairs.iter().map(figure))));
        points.collect()
    };
    let lines: Vec<Line> = vec![
        (
            "downbeat, one room",
            BLUE,
            line(1, |pair| pair.downbeat.cost()),
        ),
        (
            "downbeat, ten rooms",
            CYAN,
            line(10, |pair| pair.downbeat.cost()),
        ),
        ("floor", BLACK, line(1, |pair| pair.floor.cost())),
    ];
    chart(
        path,
        "CPU µs per snapshot, its input included (20 Hz)",
        &lines,
    )
}

fn growth(suite: &Suite, path: &Path) -> Result<()> {
    let line = |runs: &[(Case, Run)], has_budget: bool| {
        let runs = runs
            .iter()
            .filter(|(case, _)| (case.byte_rate > 0) == has_budget);
        let points = runs.map(|(case, run)| (case.players as f64, run.cost()));
        points.collect()
    };
    let lines: Vec<Line> = vec![
        ("constant density", BLUE, line(&suite.growth, true)),
        ("crowd on one plane", RED, line(&suite.crowd, false)),
        ("the same, on a budget", MAGENTA, line(&suite.crowd, true)),
    ];
    chart(
        path,
        "CPU µs per snapshot as the room fills (20 Hz)",
        &lines,
    )
}

fn chart(path: &Path, title: &str, lines: &[Line]) -> Result<()> {
    let area = canvas(path)?;
    let points = || lines.iter().flat_map(|(_, _, points)| points);
    let right = points().map(|(x, _)| *x).fold(0.0, f64::max);
    let top = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..right * 1.05, 0.0..top * 1.4)?;
    chart
        .configure_mesh()
        .x_desc("players")
        .y_desc("µs")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for (name, colour, points) in lines {
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

fn bytes(tables: &[Table], path: &Path) -> Result<()> {
    let area = canvas(path)?;
    let Some(table) = tables.first() else {
        return Ok(());
    };
    let most = table.streams.iter().map(|stream| stream.per_entity);
    let most = most.fold(0.0, f64::max) * 1.15;
    let rows = table.streams.len() as f64;
    let caption = format!(
        "Bytes per visible entity and snapshot ({:.0} visible)",
        table.visible
    );
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, (FONT, 18))
        .margin(12)
        .x_label_area_size(30)
        .build_cartesian_2d(0.0..most, 0.0..rows)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(WHITE)
        .draw()?;
    for (row, stream) in table.streams.iter().enumerate() {
        let bottom = rows - row as f64 - 0.9;
        let bar = [(0.0, bottom), (stream.per_entity, bottom + 0.4)];
        chart.draw_series([Rectangle::new(bar, BLUE.filled())])?;
        let label = format!("{}: {:.1}", stream.name, stream.per_entity);
        chart.draw_series([Text::new(label, (0.0, bottom + 0.75), (FONT, 14))])?;
    }
    area.present()?;
    Ok(())
}

fn canvas(path: &Path) -> Result<DrawingArea<SVGBackend<'_>, Shift>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

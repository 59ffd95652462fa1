//! docs/operations.md tells the truth: its table of settings is the table in the
//! code, and its table of metrics is what the registry holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use downbeat::config;
use downbeat::ops::PROCESS_METRICS;
use downbeat::telemetry::Telemetry;
use std::collections::BTreeSet;
use std::fs;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
const TELEMETRY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/telemetry.rs");

#[test]
fn the_page_holds_every_setting_as_the_code_has_it() {
    let page = fs::read_to_string(PAGE).unwrap();
    let begin = page.find("<!-- settings:begin").expect("a begin mark");
    let begin = begin + page[begin..].find('\n').unwrap() + 1;
    let end = page.find("<!-- settings:end").expect("an end mark");
    let table = config::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let updated = format!("{}{table}\n{}", &page[..begin], &page[end..]);
        fs::write(PAGE, updated).unwrap();
        return;
    }
    assert_eq!(
        page[begin..end].trim(),
        table.trim(),
        "out of date: UPDATE_DOCS=1 cargo test --test operations"
    );
}

/// Name, type and labels.
type Metric = (String, String, Vec<String>);

#[test]
fn the_page_holds_every_metric_there_is() {
    let telemetry = Telemetry::new().unwrap();
    // A metric with labels is not gathered before there is a first label.
    telemetry.refused.with_label_values(&["503"]);
    telemetry.tick_seconds.with_label_values(&["step"]);
    telemetry.rooms_by_step.with_label_values(&["normal"]);
    let gathered = telemetry.registry.gather();

    let made = fs::read_to_string(TELEMETRY)
        .unwrap()
        .matches("make.")
        .count();
    assert_eq!(
        gathered.len(),
        made,
        "a metric with labels is not touched above"
    );

    let mut real: BTreeSet<Metric> = gathered
        .iter()
        .map(|family| {
            let labels = family.get_metric()[0].get_label();
            (
                family.name().to_owned(),
                format!("{:?}", family.get_field_type()).to_lowercase(),
                labels.iter().map(|label| label.name().to_owned()).collect(),
            )
        })
        .collect();
    real.extend(PROCESS_METRICS.map(|(name, kind, _)| (name.to_owned(), kind.to_owned(), vec![])));

    let page = fs::read_to_string(PAGE).unwrap();
    let documented: BTreeSet<Metric> = page
        .lines()
        .filter(|line| line.starts_with("| `downbeat_") || line.starts_with("| `process_"))
        .map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            assert!(!cells[4].is_empty(), "no meaning: {line}");
            let labels = cells[3].split(", ").filter(|label| !label.is_empty());
            (
                cells[1].trim_matches('`').to_owned(),
                cells[2].to_owned(),
                labels
                    .map(|label| label.trim_matches('`').to_owned())
                    .collect(),
            )
        })
        .collect();
    let missing: Vec<_> = real.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&real).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "missing {missing:?}, invented {invented:?}"
    );
}

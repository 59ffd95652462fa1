//! Objectives read, written, held against figures.

use super::*;
use crate::report::{Gaps, Server};

/// 20 Hz, snapshots at 10 Hz.
fn report() -> Report {
    let times = |p99: f64| Gaps {
        p50: Some(p99 / 2.0),
        p99: Some(p99),
        max: Some(p99 * 2.0),
    };
    Report {
        tick_rate: Some(20),
        snapshot_rate: Some(10),
        duration_s: 10.0,
        desyncs: 1,
        snapshot_gap_ms: times(150.0),
        server: Some(Server {
            tick_ms: times(20.0),
            ticks_skipped: Some(3),
            cpu_s: Some(7.5),
            ..Server::default()
        }),
        ..Report::default()
    }
}

#[test]
fn figures_are_held_against_limits_in_their_unit() {
    for (text, is_kept, figure) in [
        ("tick_p99<50%", true, "40.0 %"),
        ("tick_p99<40%", false, "40.0 %"),
        ("tick_p99<=40%", true, "40.0 %"),
        ("tick_p99 < 0.3", false, "0.40 periods"),
        ("tick_p99<=20ms", true, "20.0 ms"),
        ("tick_max<20ms", false, "40.0 ms"),
        ("gap_p99<1.5", false, "1.50 periods"),
        ("gap_p99<=1.5", true, "1.50 periods"),
        ("gap_p50<100%", true, "75.0 %"),
        ("skipped=0", false, "3"),
        ("skipped<=3", true, "3"),
        ("desyncs=1", true, "1"),
        ("disconnects=0", true, "0"),
        ("server_cpu<80%", true, "75.0 %"),
        ("server_cpu>=80%", false, "75.0 %"),
        ("late_p99<10%", false, "not measured"),
        ("server_memory<100MiB", false, "not measured"),
        ("rate_min>95%", false, "not measured"),
    ] {
        let objectives: Objectives = text.parse().unwrap();
        let [verdict] = &objectives.judge(&report())[..] else {
            panic!("one objective, one verdict");
        };
        assert_eq!(
            (verdict.is_kept, verdict.text.as_str()),
            (is_kept, figure),
            "{text}"
        );
    }
}

#[test]
fn how_far_a_limit_was_missed_is_told() {
    let objectives: Objectives = "tick_p99<10%,skipped=0".parse().unwrap();
    let verdicts = objectives.judge(&report());
    let ratios: Vec<_> = verdicts.iter().map(|it| it.ratio.map(f64::round)).collect();
    assert_eq!(ratios, [Some(4.0), None]);
}

#[test]
fn what_is_written_is_read_again() {
    for text in [
        DEFAULT,
        "latency_p95<=80ms,rate_min>=95%",
        "bytes_down<4000",
    ] {
        assert_eq!(text.parse::<Objectives>().unwrap().to_string(), text);
    }
    assert_eq!(
        " gap_p99 < 1.5 , skipped = 0 "
            .parse::<Objectives>()
            .unwrap()
            .to_string(),
        "gap_p99<1.5,skipped=0"
    );
}

#[test]
fn what_is_wrong_is_said() {
    for (text, word) in [
        ("", "missing"),
        ("tick_p99<50%,", "missing"),
        ("tick_p99", "compares nothing"),
        ("tick_p98<50%", "there are tick_p50, tick_p99"),
        ("<50%", "no figure"),
        ("tick_p99<", "% of the tick period"),
        ("tick_p99<fast", "% of the tick period"),
        ("tick_p99<-1", "no limit"),
        ("tick_p99<nan", "no limit"),
        ("tick_p99<inf", "no limit"),
        ("tick_p99<1s", "no limit"),
        ("tick_p99==50%", "no limit"),
        ("skipped=0%", "a count"),
        ("skipped<1ms", "a count"),
        ("server_cpu<2", "in %"),
    ] {
        let error = text.parse::<Objectives>().unwrap_err();
        assert!(error.contains(word), "{text:?}: {error}");
    }
}

#[test]
fn every_figure_has_a_name_of_its_own() {
    for (index, metric) in METRICS.iter().enumerate() {
        let same = METRICS.iter().position(|other| other.name == metric.name);
        assert_eq!(same, Some(index), "{}", metric.name);
        assert!(help().contains(metric.meaning));
    }
}

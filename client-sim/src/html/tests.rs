//! The page of a made-up sweep.

use super::curves::CURVES;
use super::*;
use crate::report::{Phase, Report, Server};
use crate::sweep::report::{FORMAT, Limit, Run};

fn run(players: u32, gap_ms: f64, is_kept: bool) -> Run {
    let mut report = Report {
        tick_rate: Some(20),
        snapshot_rate: Some(20),
        joined: players,
        duration_s: 10.0,
        ..Report::default()
    };
    report.snapshot_gap_ms.p99 = Some(gap_ms);
    let phase = |phase: &str, mean_ms| Phase {
        phase: phase.into(),
        mean_ms: Some(mean_ms),
        p99_ms: None,
    };
    let mut server = Server {
        phases: vec![phase("step", 5.0), phase("encode", 2.5)],
        cpu_s: Some(4.0),
        ..Server::default()
    };
    server.tick_ms.p99 = Some(9.0);
    report.server = Some(server);
    Run {
        players,
        is_kept,
        report,
    }
}

fn sweep() -> Sweep {
    let runs = vec![
        run(500, 51.0, true),
        run(1000, 55.0, true),
        run(2000, 400.0, false),
    ];
    let missed = Verdict {
        objective: "gap_p99<1.5".into(),
        figure: Some(8.0),
        text: "8.00 periods".into(),
        is_kept: false,
        ratio: Some(5.3),
    };
    let rate = Rate {
        tick_rate: 20,
        held: 1000,
        confirmed: (1, 1),
        limit: Some(Limit {
            players: 2000,
            missed: vec![missed],
            findings: vec![Finding {
                culprit: Culprit::Server,
                text: "step takes 80 % of the <period>".into(),
                advice: "profile it".into(),
            }],
            is_generators: false,
        }),
        runs,
    };
    let mut nothing = rate.clone();
    (nothing.tick_rate, nothing.held, nothing.limit, nothing.runs) = (60, 0, None, Vec::new());
    Sweep {
        format: FORMAT.into(),
        version: "1".into(),
        began: "2026-01-01T00:00:00Z".into(),
        took_s: 60.0,
        machine: Default::default(),
        server: "downbeat --game a=\"<b>\"".into(),
        swarm: vec![],
        objectives: "tick_p99<50%,gap_p99<1.5".into(),
        is_quick: true,
        is_debug: false,
        rates: vec![rate, nothing],
    }
}

#[test]
fn the_page_says_what_was_found_and_needs_nothing_else() {
    let page = page(&sweep());
    for word in [
        "1,000",
        "With 2,000 players <code>gap_p99&lt;1.5</code> was",
        "Step takes 80 % of the &lt;period&gt;",
        "downbeat --game a=&quot;&lt;b&gt;&quot;",
        "7.50 of 50 ms",
        "more were not tried",
        "at 20 Hz the sweep",
    ] {
        assert!(page.contains(word), "{word:?} is not in the page");
    }
    for forbidden in ["<script", "http:", "https:", "url(", "NaN", "inf\""] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(forbidden), "{forbidden:?} is in the page");
    }
    for tag in [
        "svg", "table", "section", "li", "ul", "ol", "tr", "td", "text", "div",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        let closed = page.matches(&format!("</{tag}>")).count();
        assert_eq!(opened, closed, "<{tag}> is not closed as often as opened");
    }
}

#[test]
fn limits_are_drawn_only_where_they_are_in_the_charts_unit() {
    let mut sweep = sweep();
    let limits = |sweep: &Sweep| {
        let limits = CURVES.iter().map(|curve| curve.limit(sweep));
        limits.flatten().collect::<Vec<_>>()
    };
    assert_eq!(limits(&sweep), [50.0, 1.5]);
    sweep.objectives = "tick_p99<=8ms,latency_p99<80ms,server_cpu<90%".into();
    assert_eq!(limits(&sweep), [80.0, 90.0]);
}

#[test]
fn the_chart_stands_alone() {
    let chart = held_chart(&sweep());
    assert!(chart.starts_with("<svg ") && chart.ends_with("</svg>\n"));
    assert!(chart.contains("<style>") && chart.contains("xmlns="));
}

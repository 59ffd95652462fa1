//! Synthetic figures, and who is blamed for them.

use super::*;
use crate::cpu::Busiest;
use crate::report::{Cores, Gaps, Generator, Phase};

/// The figures that matter, at 20 Hz on two cores; a run in which nothing stands out.
#[derive(Clone, Copy)]
struct Figures {
    /// Milliseconds of step and of encode, at the mean.
    step: f64,
    encode: f64,
    tick_p99: f64,
    tick_late: f64,
    server_thread: f64,
    bots_thread: f64,
    bots_waited: f64,
    bots_late: f64,
    gap: f64,
    busy: f64,
    others: f64,
}

const QUIET: Figures = Figures {
    step: 2.0,
    encode: 3.0,
    tick_p99: 8.0,
    tick_late: 0.1,
    server_thread: 0.3,
    bots_thread: 0.4,
    bots_waited: 0.1,
    bots_late: 1.5,
    gap: 55.0,
    busy: 0.8,
    others: 0.05,
};

fn report(figures: Figures) -> Report {
    let p99 = |p99: f64| Gaps {
        p99: Some(p99),
        ..Gaps::default()
    };
    let phase = |phase: &str, mean_ms: f64| Phase {
        phase: phase.into(),
        mean_ms: Some(mean_ms),
        p99_ms: None,
    };
    let thread = |name: &str, share, waited| {
        Some(Busiest {
            name: name.into(),
            share,
            waited,
        })
    };
    let mut report = Report {
        tick_rate: Some(20),
        snapshot_rate: Some(20),
        duration_s: 10.0,
        snapshot_gap_ms: p99(figures.gap),
        cores: Cores {
            busy: Some(figures.busy),
            others: Some(figures.others),
            stolen: Some(0.0),
        },
        generator: Generator {
            busiest_thread: thread("bots-0", figures.bots_thread, figures.bots_waited),
            lateness_ms: p99(figures.bots_late),
            cpu_s: Some(9.0),
            ..Generator::default()
        },
        server: Some(Server {
            tick_ms: p99(figures.tick_p99),
            tick_lateness_ms: p99(figures.tick_late),
            phases: vec![phase("step", figures.step), phase("encode", figures.encode)],
            busiest_thread: thread("worker", figures.server_thread, 0.0),
            ..Server::default()
        }),
        ..Report::default()
    };
    report.machine.cores = 2;
    report
}

/// What it is, the figures, and who is blamed with which words.
type Blame<'a> = (&'a str, Figures, &'a [(Culprit, &'a str)]);

#[test]
fn each_is_blamed_for_its_own_figures() {
    use Culprit::{Delivery, Generator, Machine, Server};
    let cases: [Blame<'_>; 15] = [
        ("nothing", QUIET, &[]),
        (
            "a slow game",
            Figures {
                step: 40.0,
                tick_p99: 45.0,
                gap: 90.0,
                ..QUIET
            },
            &[(Server, "step takes 80 % of the period")],
        ),
        (
            "a crowd",
            Figures {
                encode: 30.0,
                tick_p99: 36.0,
                ..QUIET
            },
            &[(Server, "encode takes 60 % of the period")],
        ),
        (
            "a slow game on a full machine",
            Figures {
                step: 40.0,
                tick_p99: 45.0,
                busy: 1.95,
                ..QUIET
            },
            &[(Server, "step takes"), (Machine, "of its 2 cores")],
        ),
        (
            "sockets that need a thread",
            Figures {
                server_thread: 0.97,
                gap: 90.0,
                ..QUIET
            },
            &[(Server, "its thread worker is busy 97 %")],
        ),
        (
            "ticks that wait though there is a core",
            Figures {
                tick_late: 30.0,
                ..QUIET
            },
            &[(Server, "ticks begin 60 % of the period late")],
        ),
        (
            "ticks that wait for a core",
            Figures {
                tick_late: 30.0,
                tick_p99: 30.0,
                busy: 1.95,
                ..QUIET
            },
            &[(Machine, "ticks begin 60 %"), (Machine, "of its 2 cores")],
        ),
        (
            "bots that are too many for a thread",
            Figures {
                bots_thread: 0.98,
                bots_late: 30.0,
                gap: 90.0,
                ..QUIET
            },
            &[(Generator, "bots-0 is busy 98 %")],
        ),
        (
            "bots that wait in themselves",
            Figures {
                bots_late: 80.0,
                gap: 90.0,
                ..QUIET
            },
            &[(Generator, "the bots act 80.0 ms late")],
        ),
        (
            "bots that wait for a core",
            Figures {
                bots_late: 30.0,
                bots_waited: 0.55,
                busy: 1.95,
                ..QUIET
            },
            &[
                (Machine, "waits 55 % of it for a core"),
                (Machine, "of its 2 cores"),
            ],
        ),
        (
            "bots that wait in themselves on a full machine",
            Figures {
                bots_late: 80.0,
                busy: 1.95,
                ..QUIET
            },
            &[
                (Generator, "the bots act 80.0 ms late"),
                (Machine, "of its 2 cores"),
            ],
        ),
        (
            "bots in bursts",
            Figures {
                bots_thread: 0.67,
                bots_late: 14.0,
                ..QUIET
            },
            &[(Generator, "14.0 ms late (p99): a tick's snapshots")],
        ),
        (
            "bots late by a timer's grain",
            Figures {
                bots_late: 4.0,
                ..QUIET
            },
            &[],
        ),
        (
            "a busy neighbour",
            Figures {
                others: 0.6,
                ..QUIET
            },
            &[(Machine, "others used 0.6")],
        ),
        (
            "nobody's fault here",
            Figures { gap: 90.0, ..QUIET },
            &[(Delivery, "1.8 periods apart")],
        ),
    ];
    for (name, figures, expected) in cases {
        let findings = diagnose(&report(figures));
        let culprits: Vec<_> = findings.iter().map(|finding| finding.culprit).collect();
        let blamed: Vec<_> = expected.iter().map(|(culprit, _)| *culprit).collect();
        assert_eq!(culprits, blamed, "{name}: {findings:#?}");
        for (finding, (_, word)) in findings.iter().zip(expected) {
            assert!(finding.text.contains(word), "{name}: {finding}");
        }
    }
}

#[test]
fn a_full_machine_is_not_laid_to_those_who_use_little_of_it() {
    for (server_s, bots_s, words) in [
        (
            Some(8.0),
            Some(9.0),
            "bots and server take each other's time",
        ),
        (Some(0.1), Some(0.2), "somebody else has most of them"),
        (None, Some(0.2), "bots and server take each other's time"),
    ] {
        let mut report = report(Figures {
            busy: 1.95,
            ..QUIET
        });
        report.generator.cpu_s = bots_s;
        report.server.as_mut().unwrap().cpu_s = server_s;
        let findings = diagnose(&report);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(findings[0].advice.contains(words), "{findings:#?}");
    }
}

#[test]
fn nothing_is_guessed_without_figures() {
    let mut report = report(Figures { gap: 50.0, ..QUIET });
    report.server = None;
    report.generator.busiest_thread = None;
    report.cores = Cores::default();
    assert_eq!(diagnose(&report), []);
    assert_eq!(diagnose(&Report::default()), []);
}

//! Whose fault a figure is: the server's, the load generator's or the machine's.
//!
//! A load test blames the server by default, and is wrong whenever the bots or the
//! machine were the ones that could not keep up. This file reads a report's
//! figures and says what stands out, and what to do about it. It refuses to guess:
//! no finding without the figures behind it. Called by the report and the sweep.

use crate::report::{Report, Server};
use serde::{Deserialize, Serialize};

/// A tick that takes this part of its period leaves too little to the rest.
const TICK: f64 = 0.5;
/// Ticks that begin later than this part of the period wait for a core.
const LATE: f64 = 0.5;
/// A thread busy for this part of the time has no more to give.
const THREAD: f64 = 0.9;
/// Lateness up to so many times what a thread does in a period comes from bursts.
const BURST: f64 = 1.5;
/// All cores busy for this part of the time are none to be had.
const MACHINE: f64 = 0.92;
/// Bots later than this part of the period, and than this many milliseconds (a
/// timer's own grain), are late by their own fault.
const BOTS: (f64, f64) = (0.25, 5.0);
/// So many cores in other hands disturb a measurement.
const OTHERS: f64 = 0.25;
/// Gaps this long, in periods, are noticed by a player.
const GAP: f64 = 1.5;

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Culprit {
    /// The server.
    Server,
    /// The bots.
    Generator,
    /// The machine they are on: it has no more to give, or others take it.
    Machine,
    /// The way between them.
    Delivery,
}

/// What stands out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) culprit: Culprit,
    /// A line with the figures.
    pub(crate) text: String,
    /// What to do.
    pub(crate) advice: String,
}

impl Culprit {
    fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Generator => "load generator",
            Self::Machine => "machine",
            Self::Delivery => "delivery",
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; {}", self.culprit.word(), self.text, self.advice)
    }
}

/// What stands out in a report, the most telling first.
pub(crate) fn diagnose(report: &Report) -> Vec<Finding> {
    let Some(rate) = report.tick_rate else {
        return Vec::new();
    };
    let case = Case {
        report,
        period_ms: 1000.0 / f64::from(rate.max(1)),
    };
    let mut findings: Vec<Finding> = [
        case.tick(),
        case.server_thread(),
        case.late_ticks(),
        case.busy_bots(),
        case.late_bots(),
        case.full(),
        case.others(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if findings.is_empty() {
        findings.extend(case.delivery());
    }
    findings
}

/// A report and the period its figures are held against.
struct Case<'a> {
    report: &'a Report,
    period_ms: f64,
}

impl Case<'_> {
    /// Ticks take long.
    fn tick(&self) -> Option<Finding> {
        let server = self.report.server.as_ref()?;
        let p99 = server.tick_ms.p99?;
        let mean = server.mean_tick_ms().unwrap_or(p99);
        // Short at the mean and long at the end on a full machine: not the tick's
        // own work, but somebody else's on its core.
        let is_interrupted = self.is_full() && mean < TICK * self.period_ms;
        if p99 < TICK * self.period_ms || is_interrupted {
            return None;
        }
        let of = self.percent(p99);
        let Some((phase, phase_ms)) = longest_phase(server) else {
            return found(
                Culprit::Server,
                format!("a tick takes {of} of the period (p99)"),
                "fewer players per room, or a lower tick rate",
            );
        };
        let advice = match phase {
            "step" => "that is the game's own code: profile it, or put fewer players into a room",
            "view" | "encode" | "send" => {
                "players see too much: less sight, fewer in one place, or fewer snapshots"
            }
            _ => "fewer players per room, or a lower tick rate",
        };
        found(
            Culprit::Server,
            format!(
                "{phase} takes {} of the period ({phase_ms:.1} of {:.1} ms at the mean), a whole tick {of} (p99)",
                self.percent(phase_ms),
                self.period_ms,
            ),
            advice,
        )
    }

    /// A thread of the server has no more to give, though ticks are short.
    fn server_thread(&self) -> Option<Finding> {
        let server = self.report.server.as_ref()?;
        let thread = server.busiest_thread.as_ref()?;
        let tick = server.mean_tick_ms().unwrap_or(0.0);
        (thread.share >= THREAD && tick < TICK * self.period_ms).then(|| Finding {
            culprit: Culprit::Server,
            text: format!(
                "its thread {} is busy {:.0} % of the time, though a tick takes {} of the period (mean)",
                thread.name,
                thread.share * 100.0,
                self.percent(tick),
            ),
            advice: "sockets cost more than the game: give it more --workers".into(),
        })
    }

    /// Ticks are short, but begin late.
    fn late_ticks(&self) -> Option<Finding> {
        let server = self.report.server.as_ref()?;
        let late = server.tick_lateness_ms.p99?;
        let is_short = server.mean_tick_ms()? < TICK * self.period_ms;
        (late >= LATE * self.period_ms && is_short).then(|| Finding {
            culprit: match self.is_full() {
                true => Culprit::Machine,
                false => Culprit::Server,
            },
            text: format!(
                "the server's ticks begin {} of the period late (p99), though they are short",
                self.percent(late)
            ),
            advice: "its room waits for a core: more cores, or the bots on another machine".into(),
        })
    }

    /// The bots' threads have no more to give.
    fn busy_bots(&self) -> Option<Finding> {
        let generator = &self.report.generator;
        let thread = generator.busiest_thread.as_ref()?;
        (thread.share >= THREAD).then(|| Finding {
            culprit: Culprit::Generator,
            text: format!(
                "its thread {} is busy {:.0} % of the time{}",
                thread.name,
                thread.share * 100.0,
                match generator.lateness_ms.p99 {
                    Some(late) => format!(", and the bots act {late:.1} ms late (p99)"),
                    None => String::new(),
                },
            ),
            advice: "do not blame the server: more --threads or --processes, or another machine \
                     for the bots"
                .into(),
        })
    }

    /// The bots are late although their threads are not busy all the time.
    ///
    /// All of a tick's snapshots come at once, so for a part of each period their
    /// thread is busy, or waits for a core, and what is due meanwhile is late by as
    /// much. More than that, and something in a bot waits.
    fn late_bots(&self) -> Option<Finding> {
        let generator = &self.report.generator;
        let late = generator.lateness_ms.p99?;
        let thread = generator.busiest_thread.as_ref()?;
        let (periods, ms) = BOTS;
        if late < (periods * self.period_ms).max(ms) || thread.share >= THREAD {
            return None;
        }
        let wish = thread.share + thread.waited;
        let is_burst = late <= wish * self.period_ms * BURST + ms;
        let (busy, waited) = (thread.share * 100.0, thread.waited * 100.0);
        if wish >= THREAD || (is_burst && thread.waited >= 0.5 * thread.share) {
            return found(
                Culprit::Machine,
                format!(
                    "the bots act {late:.1} ms late (p99): their thread is busy {busy:.0} % of the time, and waits {waited:.0} % of it for a core"
                ),
                "do not blame the server: more cores, or another machine for the bots",
            );
        }
        if is_burst {
            return found(
                Culprit::Generator,
                format!(
                    "the bots act {late:.1} ms late (p99): a tick's snapshots come at once and keep their thread busy {busy:.0} % of the time"
                ),
                "more --threads or --processes, or another machine for the bots",
            );
        }
        found(
            Culprit::Generator,
            format!(
                "the bots act {late:.1} ms late (p99), though their threads are busy only {busy:.0} % of the time"
            ),
            "something in a bot waits: do not blame the server",
        )
    }

    /// Nobody gets a core any more.
    fn full(&self) -> Option<Finding> {
        self.is_full().then_some(())?;
        let report = self.report;
        let busy = report.cores.busy?;
        let cores = |cpu_s: Option<f64>| {
            let cpu_s = cpu_s.filter(|_| report.duration_s > 0.0)?;
            Some(cpu_s / report.duration_s)
        };
        let server = cores(report.server.as_ref().and_then(|server| server.cpu_s));
        let bots = cores(report.generator.cpu_s);
        let each = |cores: Option<f64>| cores.map_or("?".into(), |cores| format!("{cores:.1}"));
        let is_ours = server
            .zip(bots)
            .is_none_or(|(server, bots)| server + bots >= 0.5 * busy);
        let advice = match is_ours {
            true => {
                "bots and server take each other's time: the bots on another machine would find more"
            }
            false => "somebody else has most of them: measure again in peace",
        };
        found(
            Culprit::Machine,
            format!(
                "{busy:.1} of its {} cores are busy (server {}, bots {})",
                report.machine.cores,
                each(server),
                each(bots),
            ),
            advice,
        )
    }

    /// Somebody else uses the machine.
    fn others(&self) -> Option<Finding> {
        let cores = &self.report.cores;
        let others = cores.others.unwrap_or(0.0) + cores.stolen.unwrap_or(0.0);
        (others >= OTHERS).then(|| Finding {
            culprit: Culprit::Machine,
            text: format!("others used {others:.1} of its cores meanwhile"),
            advice: "the figures are worse than they need be: measure again in peace".into(),
        })
    }

    /// Nobody is busy, nobody is late, and snapshots are.
    fn delivery(&self) -> Option<Finding> {
        let gap = self.report.snapshot_gap_ms.p99?;
        let period = 1000.0 / f64::from(self.report.snapshot_rate?.max(1));
        (gap >= GAP * period).then(|| Finding {
            culprit: Culprit::Delivery,
            text: format!(
                "snapshots come {:.1} periods apart (p99), though ticks are on time and bots idle",
                gap / period
            ),
            advice: "look at the network, and at the server's socket threads (--workers)".into(),
        })
    }

    fn is_full(&self) -> bool {
        let cores = self.report.machine.cores as f64;
        let busy = self.report.cores.busy;
        busy.is_some_and(|busy| cores > 0.0 && busy >= MACHINE * cores)
    }

    fn percent(&self, ms: f64) -> String {
        format!("{:.0} %", ms / self.period_ms * 100.0)
    }
}

fn found(culprit: Culprit, text: String, advice: &str) -> Option<Finding> {
    Some(Finding {
        culprit,
        text,
        advice: advice.into(),
    })
}

/// The phase that takes most of a tick, and its mean.
fn longest_phase(server: &Server) -> Option<(&str, f64)> {
    let phases = server.phases.iter();
    let means = phases.filter_map(|phase| Some((phase.phase.as_str(), phase.mean_ms?)));
    means.max_by(|one, two| one.1.total_cmp(&two.1))
}

#[cfg(test)]
mod tests;

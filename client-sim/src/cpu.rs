//! Who used the processors, from `/proc`: processes by thread, and the machine.
//!
//! A load generator that shares a machine with what it loads must know whose
//! fault a late answer is. A thread can only be on one core, so a busy thread says
//! more than a busy process. Where `/proc` cannot be read there are no figures.
//! Called by the swarm at both ends of the measured window.

use procfs::process::Process;
use procfs::{CurrentSI, KernelStats};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// CPU time so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// By process and thread.
    generator: Threads,
    server: Option<Threads>,
    /// Of all processors, busy and taken away by a hypervisor, in seconds.
    machine: Option<(f64, f64)>,
}

type Threads = BTreeMap<(u32, i32), Thread>;

/// A thread so far, in seconds.
#[derive(Clone, Debug, PartialEq)]
struct Thread {
    name: String,
    /// On a processor.
    ran: f64,
    /// Ready to run, and none was free.
    waited: f64,
}

/// CPU time between two readings, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) generator_s: Option<f64>,
    pub(crate) generator_thread: Option<Busiest>,
    /// `None` if the server's process is not known here.
    pub(crate) server_s: Option<f64>,
    pub(crate) server_thread: Option<Busiest>,
    /// Of all processors of the machine.
    pub(crate) machine_s: Option<f64>,
    /// Taken away by a hypervisor.
    pub(crate) steal_s: Option<f64>,
}

/// The thread that had most to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Busiest {
    /// As the kernel knows it, at most 15 letters.
    pub(crate) name: String,
    /// The part of the window it was on a processor, 0–1.
    pub(crate) share: f64,
    /// The part of it that it could have run, but no processor was free.
    #[serde(default)]
    pub(crate) waited: f64,
}

impl Reading {
    /// `generator` are the processes of bots, `server` that of the server.
    pub(crate) fn now(generator: &[u32], server: Option<u32>) -> Self {
        Self {
            generator: generator.iter().flat_map(|pid| threads(*pid)).collect(),
            server: server.map(threads).filter(|threads| !threads.is_empty()),
            machine: machine(),
        }
    }

    /// What was used since `before`, within `seconds`.
    pub(crate) fn since(&self, before: &Self, seconds: f64) -> Usage {
        let (generator_s, generator_thread) = spent(&self.generator, &before.generator, seconds);
        let servers = self.server.as_ref().zip(before.server.as_ref());
        let (server_s, server_thread) = match servers {
            Some((now, before)) => spent(now, before, seconds),
            None => (None, None),
        };
        let machine = self.machine.zip(before.machine);
        Usage {
            generator_s,
            generator_thread,
            server_s,
            server_thread,
            machine_s: machine.map(|(now, before)| now.0 - before.0),
            steal_s: machine.map(|(now, before)| now.1 - before.1),
        }
    }
}

fn spent(now: &Threads, before: &Threads, seconds: f64) -> (Option<f64>, Option<Busiest>) {
    let each = now.iter().map(|(id, thread)| {
        let (ran, waited) = before.get(id).map_or((0.0, 0.0), |it| (it.ran, it.waited));
        (&thread.name, thread.ran - ran, thread.waited - waited)
    });
    let total = (!now.is_empty()).then(|| each.clone().map(|(_, ran, _)| ran).sum());
    let wish = |(_, ran, waited): &(&String, f64, f64)| ran + waited;
    let busiest = each.max_by(|one, two| wish(one).total_cmp(&wish(two)));
    let busiest = busiest.filter(|_| seconds > 0.0);
    let busiest = busiest.map(|(name, ran, waited)| Busiest {
        name: name.clone(),
        share: ran / seconds,
        waited: waited / seconds,
    });
    (total, busiest)
}

/// The threads of a process; none if it is gone.
fn threads(pid: u32) -> Threads {
    let tasks = Process::new(pid as i32).and_then(|process| process.tasks());
    let tasks = tasks.into_iter().flatten().flatten();
    tasks
        .filter_map(|task| {
            let times = task.schedstat().ok()?;
            let thread = Thread {
                name: task.stat().ok()?.comm,
                ran: times.sum_exec_runtime as f64 / 1e9,
                waited: times.run_delay as f64 / 1e9,
            };
            Some(((pid, task.tid), thread))
        })
        .collect()
}

fn machine() -> Option<(f64, f64)> {
    let all = KernelStats::current().ok()?.total;
    let irq = all.irq.unwrap_or(0) + all.softirq.unwrap_or(0);
    let busy = all.user + all.nice + all.system + irq;
    let per_second = procfs::ticks_per_second() as f64;
    let steal = all.steal.unwrap_or(0);
    Some((busy as f64 / per_second, steal as f64 / per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(threads: &[(i32, &str, f64, f64)]) -> Threads {
        let each = threads.iter().map(|(tid, name, ran, waited)| {
            let thread = Thread {
                name: (*name).to_owned(),
                ran: *ran,
                waited: *waited,
            };
            ((1, *tid), thread)
        });
        each.collect()
    }

    #[test]
    fn the_busiest_thread_is_found_and_all_are_summed() {
        let before = reading(&[(1, "main", 1.0, 0.0), (2, "bots-0", 5.0, 1.0)]);
        let now = reading(&[
            (1, "main", 1.5, 0.0),
            (2, "bots-0", 9.0, 3.0),
            (3, "bots-1", 2.0, 0.0),
        ]);
        let (total, busiest) = spent(&now, &before, 8.0);
        assert_eq!(total, Some(6.5), "a thread that began since counts, too");
        let expected = Busiest {
            name: "bots-0".into(),
            share: 0.5,
            waited: 0.25,
        };
        assert_eq!(busiest, Some(expected));
        assert_eq!(spent(&reading(&[]), &before, 8.0), (None, None));
    }

    #[test]
    fn this_process_has_threads_and_the_machine_has_time() {
        let me = std::process::id();
        let before = Reading::now(&[me], Some(me));
        let usage = Reading::now(&[me], Some(me)).since(&before, 1.0);
        assert!(usage.generator_s.is_some(), "{usage:?}");
        assert_eq!(usage.server_s.is_some(), usage.generator_s.is_some());
        assert!(usage.machine_s.is_some(), "{usage:?}");
        let nobody = Reading::now(&[], None).since(&before, 1.0);
        assert_eq!((nobody.generator_s, nobody.server_s), (None, None));
    }
}

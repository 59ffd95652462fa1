//! Bots spread over processes, each a part that is told what to do.
//!
//! Owns the children and their pipes; ends them when dropped. What they count goes
//! into the first process's own stage, so that whoever looks there sees all bots.

use super::Finished;
use super::part::{Clocked, Tells, Told};
use crate::stage::{Live, Stage, Times};
use crate::swarm::LOOK;
use anyhow::{Context, anyhow};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::time::sleep;

/// See the module's doc.
#[derive(Debug)]
pub(crate) struct Processes(Vec<Part>);

/// A child, and the thread that hears it.
#[derive(Debug)]
struct Part {
    child: Child,
    hearing: Option<JoinHandle<Option<Vec<Finished>>>>,
}

impl Processes {
    /// Runs this process's own command line again, once per part.
    pub(super) fn start(processes: u32, stage: &Arc<Stage>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where is this program?")?;
        let arguments: Vec<_> = std::env::args_os().skip(1).collect();
        let mut parts = Self(Vec::new());
        for part in 0..processes {
            let mut child = Command::new(&program)
                .args(&arguments)
                .args(["--part", &part.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .context("cannot start a process of bots")?;
            let out = child.stdout.take();
            // Kept before anything can fail: whoever is in the list is ended.
            parts.0.push(Part {
                child,
                hearing: None,
            });
            let out = out.context("a process without stdout")?;
            let stage = Arc::clone(stage);
            let hearing = std::thread::Builder::new()
                .name(format!("part-{part}"))
                .spawn(move || hear(out, &stage))
                .context("cannot start a thread")?;
            if let Some(part) = parts.0.last_mut() {
                part.hearing = Some(hearing);
            }
        }
        Ok(parts)
    }

    pub(super) fn begin(&mut self, times: &Times) {
        self.tell(&Told::Begin(Clocked::of(times)));
    }

    pub(super) fn are_finished(&self) -> bool {
        let hearing = self.0.iter().filter_map(|part| part.hearing.as_ref());
        hearing.into_iter().all(JoinHandle::is_finished)
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.0.iter().map(|part| part.child.id()).collect()
    }

    pub(super) async fn join(mut self) -> anyhow::Result<Vec<Finished>> {
        self.tell(&Told::Leave);
        while !self.are_finished() {
            sleep(LOOK).await;
        }
        let mut all = Vec::new();
        for part in &mut self.0 {
            let status = part.child.wait()?;
            let heard = part.hearing.take().map(JoinHandle::join);
            let finished = heard.and_then(Result::ok).flatten();
            all.extend(finished.ok_or_else(|| anyhow!("a process of bots ended with {status}"))?);
        }
        Ok(all)
    }

    /// A part that has ended hears nothing; what became of it is seen at the end.
    fn tell(&mut self, word: &Told) {
        let Ok(mut line) = serde_json::to_vec(word) else {
            return;
        };
        line.push(b'\n');
        for part in &mut self.0 {
            if let Some(input) = part.child.stdin.as_mut() {
                let _ = input.write_all(&line);
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for part in &mut self.0 {
            // Both fail if it has ended, which is what is wanted.
            let _ = part.child.kill();
            let _ = part.child.wait();
        }
    }
}

/// Hears a part to its end; `None` if it ended without a last word.
fn hear(out: ChildStdout, stage: &Stage) -> Option<Vec<Finished>> {
    let mut before = Live::default();
    for line in BufReader::new(out).lines() {
        match serde_json::from_str(&line.ok()?).ok()? {
            Tells::Live(live) => {
                stage.count(&before, &live);
                before = live;
            }
            Tells::Finished(finished) => return Some(finished),
        }
    }
    None
}

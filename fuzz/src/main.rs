//! Runs targets for a time, or one of their cases again.

use anyhow::{Result, bail};
use clap::Parser;
use downbeat_fuzz::{TARGETS, Until, run};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Fuzzes everything that reads a peer's bytes.
#[derive(Parser)]
struct Arguments {
    /// How long in all, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
    /// What cases come from; drawn if not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the case with this number, to see it again.
    #[arg(long, requires = "target", requires = "seed")]
    case: Option<u64>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seed = arguments.seed.unwrap_or(now.as_secs());
    let is_meant = |name: &str| arguments.target.as_deref().is_none_or(|only| only == name);
    let targets: Vec<_> = TARGETS.iter().filter(|one| is_meant(one.name)).collect();
    let Some(count) = u32::try_from(targets.len()).ok().filter(|count| *count > 0) else {
        bail!("no such target");
    };
    if let (Some(number), Some(target)) = (arguments.case, targets.first()) {
        run(target, seed, number, Until::Cases(1))?;
        println!("{}: case {number} of seed {seed} is fine", target.name);
        return Ok(());
    }
    let each = Duration::from_secs(arguments.seconds) / count;
    println!("seed {seed}");
    let mut all = 0;
    for target in targets {
        let start = Instant::now();
        let cases = run(target, seed, 0, Until::Time(each))?;
        let rate = cases as f64 / start.elapsed().as_secs_f64();
        println!(
            "{:<10}{cases:>12} executions, {rate:>9.0}/s  {}",
            target.name, target.about
        );
        all += cases;
    }
    println!("{:<10}{all:>12} executions, no panic, no hang", "in all");
    Ok(())
}

//! Writes the page of figures: `docs/performance.md`, but for what people write into
//! it.
//!
//! The page's measured part stands between two marks and is replaced as a whole; what
//! is around it (what was tried, what was decided) stays.

use crate::run::{Case, Pair, Run, median};
use crate::suite::{Suite, Table, VISIBLE};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- figures:begin (written by `cargo xtask bench`) -->\n";
const END: &str = "<!-- figures:end -->\n";

/// Replaces the measured part of the page.
///
/// # Errors
/// If the page cannot be read or written, or has lost its marks.
pub(crate) fn write(suite: &Suite, page: &Path) -> Result<()> {
    let old = std::fs::read_to_string(page).with_context(|| page.display().to_string())?;
    let (before, rest) = old
        .split_once(BEGIN)
        .context("the page has no begin mark")?;
    let (_, after) = rest.split_once(END).context("the page has no end mark")?;
    let figures = figures(suite)?;
    std::fs::write(page, format!("{before}{BEGIN}{figures}{END}{after}"))?;
    Ok(())
}

fn figures(suite: &Suite) -> Result<String> {
    let mut out = String::new();
    let page = &mut out;
    header(suite, page)?;
    against_the_floor(&suite.pairs, page)?;
    ticks(&suite.pairs, page)?;
    growth(suite, page)?;
    others(suite, page)?;
    bytes(&suite.streams, page)?;
    ways(suite, page)?;
    Ok(out)
}

fn header(suite: &Suite, page: &mut String) -> Result<()> {
    let command = if suite.is_quick {
        "cargo xtask bench --quick"
    } else {
        "cargo xtask bench"
    };
    writeln!(
        page,
        "\nTaken on {} by `{command}` on {}: windows of {} s after {} s of warm-up, medians of {} pairs; \
         load average {} at the end. *not held*: sessions ended as too slow in three tries, for want of CPU time.\n",
        today()?,
        machine()?,
        suite.pace.window.as_secs(),
        suite.pace.warm_up.as_secs(),
        suite.pace.pairs,
        load_average()?,
    )?;
    Ok(())
}

fn against_the_floor(pairs: &[(Case, Vec<Pair>)], page: &mut String) -> Result<()> {
    writeln!(
        page,
        "### Against the floor\n\n\
         20 Hz, one snapshot and one input per player and tick, everyone sees about {VISIBLE} players. \
         *µs*: CPU time of the server per snapshot delivered, its input included. *sent*: what the player got, events and frame headers included. \
         *skipped*: snapshots due but not built, because the session had not yet taken the last one; the one after it is a keyframe of all the player sees.\n\n\
         | players | rooms | downbeat µs | of it user | floor µs | ratio (least–most) | bytes sent | snapshot gap p50 / p99 ms, floor's | skipped % | ticks skipped | memory per session KiB |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    )?;
    for (case, pairs) in pairs {
        if pairs.is_empty() {
            let Case { players, rooms, .. } = case;
            writeln!(page, "| {players} | {rooms} | not held | | | | | | | | |")?;
            continue;
        }
        let ratios = || pairs.iter().map(Pair::ratio);
        let of = |figure: fn(&Run) -> f64| median(pairs.iter().map(|pair| figure(&pair.downbeat)));
        let of_floor =
            |figure: fn(&Run) -> f64| median(pairs.iter().map(|pair| figure(&pair.floor)));
        writeln!(
            page,
            "| {} | {} | {:.1} | {:.1} | {:.1} | **{:.2}** ({:.2}–{:.2}) | {:.0} | {:.1} / {:.1}, {:.1} / {:.1} | {:.1} | {:.0} | {:.1} |",
            case.players,
            case.rooms,
            of(Run::cost),
            of(|run| run.per_snapshot(run.cpu.user)),
            of_floor(Run::cost),
            median(ratios()),
            ratios().fold(f64::INFINITY, f64::min),
            ratios().fold(0.0, f64::max),
            of(Run::bytes),
            of(|run| run.seen.gap_ms[0]),
            of(|run| run.seen.gap_ms[1]),
            of_floor(|run| run.seen.gap_ms[0]),
            of_floor(|run| run.seen.gap_ms[1]),
            of(skipped),
            of(|run| run
                .served
                .as_ref()
                .map_or(0.0, |served| served.ticks_skipped)),
            of(|run| run.memory / 1024.0),
        )?;
    }
    writeln!(
        page,
        "\n![CPU per snapshot against the number of players](performance-floor.svg)\n"
    )?;
    Ok(())
}

fn ticks(pairs: &[(Case, Vec<Pair>)], page: &mut String) -> Result<()> {
    writeln!(
        page,
        "### The tick\n\nMilliseconds, p50 / p99, from the server's own histograms. *late*: from the deadline to the tick's beginning. \
         *world µs*: the tick's time at the mean per snapshot.\n\n\
         | players | rooms | drain | step | view | encode | send | watch | total | late | world µs |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    )?;
    for (case, pairs) in pairs.iter().filter(|(_, pairs)| !pairs.is_empty()) {
        let served = || {
            let served = pairs.iter().map(|pair| pair.downbeat.served.as_ref());
            served.flatten()
        };
        write!(page, "| {} | {} |", case.players, case.rooms)?;
        for phase in ["drain", "step", "view", "encode", "send", "watch", "total"] {
            let part = |part: usize| {
                median(served().map(|served| {
                    let found = served.phases.iter().find(|(name, _)| *name == phase);
                    found.map_or(f64::NAN, |(_, both)| both[part])
                }))
            };
            write!(page, " {:.2} / {:.2} |", part(0), part(1))?;
        }
        let late = |part: usize| median(served().map(|served| served.lateness[part]));
        let mean = median(served().map(|served| {
            let total = served.means.iter().find(|(name, _)| *name == "total");
            total.map_or(f64::NAN, |(_, mean)| *mean)
        }));
        let per_snapshot = mean * 1000.0 / (case.players / case.rooms) as f64;
        writeln!(
            page,
            " {:.2} / {:.2} | {per_snapshot:.2} |",
            late(0),
            late(1)
        )?;
    }
    writeln!(page)?;
    Ok(())
}

fn growth(suite: &Suite, page: &mut String) -> Result<()> {
    for (title, text, runs) in [
        (
            "Growth at constant density",
            "The plane grows with the players: everyone goes on seeing about as many.",
            &suite.growth,
        ),
        (
            "A crowd",
            "The plane stays, so that everyone sees ever more players; with and without a budget of bytes (`snapshot_byte_rate`), \
             to keep which far cells are told at half or a quarter of the rate.",
            &suite.crowd,
        ),
    ] {
        writeln!(
            page,
            "### {title}\n\n{text} 20 Hz, one room.\n\n\
             | players | plane | budget bytes per snapshot | µs per snapshot | bytes sent | tick p50 / p99 ms | encode p50 ms, of the tick | gap p99 ms | skipped % |\n|---|---|---|---|---|---|---|---|---|"
        )?;
        for (case, run) in runs {
            let phase = |phase: &str| {
                let served = run.served.as_ref();
                let found =
                    served.and_then(|served| served.phases.iter().find(|(name, _)| *name == phase));
                found.map_or([f64::NAN; 2], |(_, both)| *both)
            };
            let (total, encode) = (phase("total"), phase("encode"));
            writeln!(
                page,
                "| {} | {} | {} | {:.1} | {:.0} | {:.2} / {:.2} | {:.2}, {:.0} % | {:.1} | {:.1} |",
                case.players,
                case.plane,
                match case.byte_rate {
                    0 => "none".into(),
                    rate => (rate / case.tick_rate).to_string(),
                },
                run.cost(),
                run.bytes(),
                total[0],
                total[1],
                encode[0],
                100.0 * encode[0] / total[0],
                run.seen.gap_ms[1],
                skipped(run),
            )?;
        }
        writeln!(page)?;
    }
    writeln!(
        page,
        "![Cost per player against their number](performance-growth.svg)\n"
    )?;
    Ok(())
}

fn others(suite: &Suite, page: &mut String) -> Result<()> {
    writeln!(page, "### Idle players and high rates\n")?;
    for (case, run) in &suite.idle {
        writeln!(
            page,
            "{} joined players that only acknowledge: {:.1} KiB of resident memory each.\n",
            case.players,
            run.memory / 1024.0
        )?;
    }
    writeln!(
        page,
        "| players | Hz | late p50 / p99 ms | tick p50 / p99 ms | µs per snapshot | gap p99 ms | ticks skipped |\n|---|---|---|---|---|---|---|"
    )?;
    for (case, run) in &suite.fast {
        let Some(served) = &run.served else { continue };
        let total = served.phases.last().map_or([f64::NAN; 2], |last| last.1);
        writeln!(
            page,
            "| {} | {} | {:.2} / {:.2} | {:.2} / {:.2} | {:.1} | {:.1} | {:.0} |",
            case.players,
            case.tick_rate,
            served.lateness[0],
            served.lateness[1],
            total[0],
            total[1],
            run.cost(),
            run.seen.gap_ms[1],
            served.ticks_skipped,
        )?;
    }
    writeln!(page)?;
    Ok(())
}

fn bytes(tables: &[Table], page: &mut String) -> Result<()> {
    writeln!(page, "### Bytes per visible entity\n")?;
    for table in tables {
        writeln!(
            page,
            "{} players, {:.0} entities visible at the mean; the general compressors get all that is visible after each tick.\n\n\
             | stream | bytes per visible entity | bytes per snapshot |\n|---|---|---|",
            table.players, table.visible
        )?;
        for stream in &table.streams {
            writeln!(
                page,
                "| {} | {:.2} | {:.0} |",
                stream.name, stream.per_entity, stream.per_snapshot
            )?;
        }
        writeln!(page)?;
    }
    writeln!(page, "![Bytes per visible entity](performance-bytes.svg)\n")?;
    Ok(())
}

fn ways(suite: &Suite, page: &mut String) -> Result<()> {
    writeln!(
        page,
        "### Why WebSocket\n\n\
         The same update, 20 per second to 20 clients, with the headers a browser sends; bytes of the streams, without those of TCP and IP. \
         A server that answers polls does not know what its client has, so beside a snapshot stands all that is visible.\n\n\
         | update | way | bytes down | bytes up | updates per second | age p50 / p99 ms |\n|---|---|---|---|---|---|"
    )?;
    for (payload, size, ways) in &suite.ways {
        for way in ways {
            writeln!(
                page,
                "| {payload}, {size} bytes | {} | {:.0} | {:.0} | {:.1} | {:.1} / {:.1} |",
                way.name, way.down, way.up, way.rate, way.age_ms[0], way.age_ms[1]
            )?;
        }
    }
    writeln!(page)?;
    Ok(())
}

/// Snapshots due but not built, in percent of those due.
fn skipped(run: &Run) -> f64 {
    let skipped = run.served.as_ref();
    let skipped = skipped.map_or(0.0, |served| served.snapshots_skipped);
    100.0 * skipped / (skipped + run.seen.snapshots as f64)
}

/// The processor, how many, and the kernel.
fn machine() -> Result<String> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cores = std::thread::available_parallelism()?;
    let model = model.unwrap_or_else(|| std::env::consts::ARCH.into());
    Ok(format!("{cores} cores of {model}, Linux {}", kernel.trim()))
}

/// Processes that wanted to run in the last minute, at the mean: far above the
/// number of cores, the machine did other things beside.
fn load_average() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().next().unwrap_or("?").to_owned())
}

/// The date in UTC, from the days since 1970 (Howard Hinnant, `civil_from_days`).
fn today() -> Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let days = now.as_secs() / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (era * 400 + year_of_era, month + 3),
        _ => (era * 400 + year_of_era + 1, month - 9),
    };
    Ok(format!("{year}-{month:02}-{day:02}"))
}

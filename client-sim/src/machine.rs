//! What a report says of the machine it was measured on.
//!
//! A figure without its machine means nothing, and one from a busy machine means
//! little: so the load average before the run belongs to it. Called by the reports.

use procfs::{CpuInfo, Current, LoadAverage, Meminfo};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A machine. What cannot be found out is empty or `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Processors that this process may use.
    pub(crate) cores: usize,
    /// The processors' model.
    pub(crate) model: String,
    /// The kernel and its release.
    pub(crate) kernel: String,
    /// Bytes of memory.
    pub(crate) memory_bytes: Option<u64>,
    /// Of the last minute, before anything was measured.
    pub(crate) load_average: Option<f64>,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn here() -> Self {
        let model = CpuInfo::current().ok().and_then(|info| {
            let name = info.model_name(0)?;
            Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        let read = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}"));
            text.map_or_else(|_| String::new(), |text| text.trim().to_owned())
        };
        let kernel = format!("{} {}", read("ostype"), read("osrelease"));
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            model: model.unwrap_or_default(),
            kernel: kernel.trim().to_owned(),
            memory_bytes: Meminfo::current().ok().map(|memory| memory.mem_total),
            load_average: LoadAverage::current().ok().map(|load| f64::from(load.one)),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.cores == 1 { "" } else { "s" };
        write!(f, "{} core{plural}", self.cores)?;
        if !self.model.is_empty() {
            write!(f, " of {}", self.model)?;
        }
        if let Some(bytes) = self.memory_bytes {
            write!(f, ", {:.1} GiB", bytes as f64 / f64::from(1 << 30))?;
        }
        if !self.kernel.is_empty() {
            write!(f, ", {}", self.kernel)?;
        }
        match self.load_average {
            Some(load) => write!(f, ", load {load:.2} before"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_told() {
        let here = Machine::here();
        assert!(here.cores > 0);
        assert!(here.kernel.starts_with("Linux"), "{}", here.kernel);
        let text = here.to_string();
        assert!(text.contains("core") && text.contains("load"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let machine = Machine {
            cores: 1,
            ..Machine::default()
        };
        assert_eq!(machine.to_string(), "1 core");
    }
}

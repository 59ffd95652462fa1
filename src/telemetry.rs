//! What the server counts about itself.
//!
//! One [`Telemetry`] per server, handed down as an argument; there are no
//! process-wide statics, so that two servers in one test do not mix. Names and
//! meanings stand in `docs/operations.md`.

use downbeat_protocol::Reason;
use prometheus::core::Collector;
use prometheus::{
    Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, exponential_buckets,
};

/// Every metric of the server, but for the process's own, which are read when
/// they are asked for.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Where all of them are registered.
    pub registry: Registry,

    /// Sockets the driver owns now.
    pub sockets: IntGauge,
    /// Session actors alive now.
    pub sessions: IntGauge,
    /// Players in rooms now, those whose link is lost included.
    pub members: IntGauge,
    /// Players whose link is lost and who may come back.
    pub limbo: IntGauge,
    /// Rooms now.
    pub rooms: IntGauge,
    /// Rooms now, by how far they have degraded under overload.
    pub rooms_by_step: IntGaugeVec,
    /// Rooms lost to a panic.
    pub rooms_failed: IntCounter,

    /// Ends of connections, by reason.
    ends: IntCounterVec,
    /// Connections that are no sessions, now: HTTP requests and who takes his time.
    pub http: IntGauge,
    /// Connections and upgrades refused before there was a session, by HTTP status.
    pub refused: IntCounterVec,
    /// Bytes read from sockets after the upgrade.
    pub bytes_in: IntCounter,
    /// Bytes written to sockets after the upgrade.
    pub bytes_out: IntCounter,

    /// Messages dropped, because a session sent more than its rates.
    pub messages_dropped: IntCounter,
    /// Inputs used by a game.
    pub inputs_applied: IntCounter,
    /// Inputs that a game rejected.
    pub inputs_rejected: IntCounter,
    /// Inputs already seen, or older than one already used.
    pub inputs_duplicate: IntCounter,
    /// Inputs meant for a tick already made when they came.
    pub inputs_late: IntCounter,
    /// Inputs lost because too many waited.
    pub inputs_dropped: IntCounter,

    /// Snapshots handed to sessions.
    pub snapshots: IntCounter,
    /// Snapshots due but not built, because the player was behind.
    pub snapshots_skipped: IntCounter,
    /// Times a room put its snapshots off, because the sockets' threads were late.
    pub snapshots_postponed: IntCounter,
    /// Events handed to sessions.
    pub events: IntCounter,

    /// Ticks made.
    pub ticks: IntCounter,
    /// Ticks left out because the room was more than three behind.
    pub ticks_skipped: IntCounter,
    /// Seconds per tick, by phase and in total.
    pub tick_seconds: HistogramVec,
    /// Seconds between a tick's deadline and its beginning.
    pub tick_lateness: Histogram,
}

impl Telemetry {
    /// A new set, all zero.
    ///
    /// # Errors
    /// If two metrics had the same name, which a test would have found.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new_custom(Some("downbeat".into()), None)?;
        let make = Maker(&registry);
        let inputs = make.counters("inputs_total", "Inputs by what became of them.", "outcome")?;
        let telemetry = Self {
            sockets: make.gauge("sockets", "Sockets the driver owns now.")?,
            sessions: make.gauge("sessions", "Session actors alive now.")?,
            members: make.gauge("members", "Players in rooms now, limbo included.")?,
            limbo: make.gauge("limbo", "Players whose link is lost and who may come back.")?,
            rooms: make.gauge("rooms", "Rooms now.")?,
            rooms_by_step: make.gauges(
                "rooms_by_step",
                "Rooms now, by how far they have degraded under overload.",
                "step",
            )?,
            rooms_failed: make.counter("rooms_failed_total", "Rooms lost to a panic.")?,
            ends: make.counters(
                "session_ends_total",
                "Connections ended, by reason.",
                "reason",
            )?,
            http: make.gauge("http_connections", "Connections that are no sessions, now.")?,
            refused: make.counters(
                "upgrades_refused_total",
                "Connections and upgrades refused before there was a session, by HTTP status.",
                "status",
            )?,
            bytes_in: make.counter("bytes_in_total", "Bytes read from upgraded sockets.")?,
            bytes_out: make.counter("bytes_out_total", "Bytes written to upgraded sockets.")?,
            messages_dropped: make.counter(
                "messages_dropped_total",
                "Messages dropped, because a session sent more than its rates.",
            )?,
            inputs_applied: inputs.with_label_values(&["applied"]),
            inputs_rejected: inputs.with_label_values(&["rejected"]),
            inputs_duplicate: inputs.with_label_values(&["duplicate"]),
            inputs_late: inputs.with_label_values(&["late"]),
            inputs_dropped: inputs.with_label_values(&["dropped"]),
            snapshots: make.counter("snapshots_total", "Snapshots handed to sessions.")?,
            snapshots_skipped: make.counter(
                "snapshots_skipped_total",
                "Snapshots due but not built, because the player was behind.",
            )?,
            snapshots_postponed: make.counter(
                "snapshots_postponed_total",
                "Times a room put its snapshots off, because the sockets' threads were late.",
            )?,
            events: make.counter("events_total", "Events handed to sessions.")?,
            ticks: make.counter("ticks_total", "Ticks made.")?,
            ticks_skipped: make.counter("ticks_skipped_total", "Ticks left out under overload.")?,
            tick_seconds: make.histograms("tick_seconds", "Time per tick by phase.", "phase")?,
            tick_lateness: make.histogram(
                "tick_lateness_seconds",
                "Time between a tick's deadline and its beginning.",
            )?,
            registry: registry.clone(),
        };
        for reason in Reason::ALL {
            telemetry.ends.with_label_values(&[reason.label()]);
        }
        Ok(telemetry)
    }

    /// Counts the end of a connection.
    pub fn ended(&self, reason: Reason) {
        self.ends.with_label_values(&[reason.label()]).inc();
    }

    /// How many connections ended for this reason.
    #[must_use]
    pub fn ends(&self, reason: Reason) -> u64 {
        self.ends.with_label_values(&[reason.label()]).get()
    }
}

/// Makes and registers.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn keep<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M, Error> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.keep(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, label: &str) -> Result<IntGaugeVec, Error> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), &[label])?)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.keep(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, label: &str) -> Result<IntCounterVec, Error> {
        self.keep(IntCounterVec::new(Opts::new(name, help), &[label])?)
    }

    fn histogram(&self, name: &str, help: &str) -> Result<Histogram, Error> {
        self.keep(Histogram::with_opts(
            HistogramOpts::new(name, help).buckets(buckets()?),
        )?)
    }

    fn histograms(&self, name: &str, help: &str, label: &str) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::new(name, help).buckets(buckets()?);
        self.keep(HistogramVec::new(options, &[label])?)
    }
}

/// From 10 µs to 1.1 s in steps of a quarter: fine enough for percentiles.
fn buckets() -> Result<Vec<f64>, Error> {
    exponential_buckets(10e-6, 1.25, 53)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_own_name() {
        Telemetry::new().unwrap();
    }
}

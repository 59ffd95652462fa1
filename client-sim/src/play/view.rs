//! The picture: what stands where, at any size of the terminal.
//!
//! With room enough, the map and beside it the player, the connection, the
//! leaderboard and the whole plane; with less, the map between two lines. Draws
//! only what it is given. Called by `play` for each picture.

use super::Player;
use super::map::{Map, Minimap, place};
use super::state::{Notice, State, ship};
use super::theme::Theme;
use downbeat_protocol::arena::effects;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph, Wrap};
use std::time::Instant;

/// The least that anything can be drawn in.
const LEAST: (u16, u16) = (24, 6);
/// From this size on there is room beside the map.
const ROOMY: (u16, u16) = (80, 20);
/// What stands beside the map, in columns.
const SIDE: u16 = 31;
/// Health in the line of a small terminal, and in the panel.
const BAR: (usize, usize) = (8, 16);

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) player: &'a Player,
    pub(super) state: &'a State,
    /// The room's name, as it was asked for.
    pub(super) title: &'a str,
    /// Who steers.
    pub(super) pilot: &'a str,
    /// The keys there are, in a line.
    pub(super) help: &'a str,
    /// When the last snapshot came.
    pub(super) arrival: Option<Instant>,
    pub(super) now: Instant,
    pub(super) notice: Option<&'a Notice>,
    pub(super) theme: Theme,
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        frame.render_widget(Paragraph::new("too small").wrap(Wrap { trim: true }), area);
        return;
    }
    let map = if area.width >= ROOMY.0 && area.height >= ROOMY.1 {
        let [map, side] =
            Layout::horizontal([Constraint::Min(0), Constraint::Length(SIDE)]).areas(area);
        scene.side(frame, side);
        let block = scene
            .block(format!(" {} ", scene.title))
            .title_bottom(scene.help());
        let inner = block.inner(map);
        frame.render_widget(block, map);
        inner
    } else {
        let rows = [
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ];
        let [top, map, bottom] = Layout::vertical(rows).areas(area);
        frame.render_widget(Paragraph::new(scene.short_state()), top);
        frame.render_widget(Paragraph::new(scene.short_figures()), bottom);
        map
    };
    scene.map(frame, map);
}

impl Scene<'_> {
    fn map(&self, frame: &mut Frame<'_>, area: Rect) {
        let age = self.arrival.map_or(0.0, |arrival| {
            self.now.duration_since(arrival).as_secs_f64()
        });
        let map = Map {
            player: self.player,
            eye: self.state.eye,
            me: self.state.me(self.player),
            age,
            theme: self.theme,
        };
        frame.render_widget(map, area);

        let fights = self.state.fights(self.now).map(Line::from);
        let fights: Vec<_> = fights.collect();
        let rows = (fights.len() as u16).min(area.height);
        let at = Rect {
            y: area.bottom() - rows,
            height: rows,
            ..area
        };
        frame.render_widget(Paragraph::new(fights).centered(), at);

        match (self.notice, self.state.waits(self.player)) {
            (Some(notice), _) => self.notice(frame, area, notice),
            (None, Some((why, seconds))) => {
                let notice = Notice {
                    title: why,
                    lines: vec![format!("a new ship in {seconds:.1} s")],
                };
                self.notice(frame, area, &notice);
            }
            (None, None) => {}
        }
    }

    fn notice(&self, frame: &mut Frame<'_>, area: Rect, notice: &Notice) {
        let longest = notice.lines.iter().chain([&notice.title]);
        let longest = longest.map(|line| line.chars().count()).max().unwrap_or(0);
        let width = (longest as u16)
            .saturating_add(6)
            .clamp(24, 64)
            .min(area.width);
        let text = Paragraph::new(notice.lines.join("\n"))
            .centered()
            .wrap(Wrap { trim: true });
        let inside = usize::from(width.saturating_sub(4)).max(1);
        let rows = notice.lines.iter().map(|line| {
            // Words that do not fit into the rest of a line may cost one more.
            let wrapped = line.chars().count().div_ceil(inside);
            wrapped.max(1) + usize::from(wrapped > 1)
        });
        let rows = rows.sum::<usize>() as u16;
        let at = area.centered(
            Constraint::Length(width),
            Constraint::Length((rows + 2).min(area.height)),
        );
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .title(Line::from(format!(" {} ", notice.title)).centered())
            .style(Style::new().add_modifier(Modifier::BOLD));
        let inner = block.inner(at).inner(Margin::new(1, 0));
        frame.render_widget(Clear, at);
        frame.render_widget(block, at);
        frame.render_widget(text, inner);
    }

    fn side(&self, frame: &mut Frame<'_>, area: Rect) {
        let board = (self.state.board.len() as u16).clamp(1, 10) + 2;
        let lines = self.link();
        let rows = [
            Constraint::Length(6),
            Constraint::Length(lines.len() as u16 + 2),
            Constraint::Max(board),
            Constraint::Fill(1),
        ];
        let [me, link, best, whole] = Layout::vertical(rows).areas(area);
        self.panel(frame, me, format!(" {} ", self.pilot), self.me());
        self.panel(frame, link, " connection ".into(), lines);
        let players = match self.state.players {
            Some(1) => " 1 player ".into(),
            Some(players) => format!(" {players} players "),
            None => " players ".into(),
        };
        self.panel(frame, best, players, self.board(best.width));
        if whole.height > 3 {
            let block = self.block(" radar ".into());
            let inner = block.inner(whole);
            frame.render_widget(block, whole);
            frame.render_widget(self.minimap(), square(inner));
        }
    }

    fn panel(&self, frame: &mut Frame<'_>, area: Rect, title: String, lines: Vec<Line<'_>>) {
        if area.height > 2 {
            let text = Paragraph::new(lines).block(self.block(title));
            frame.render_widget(text, area);
        }
    }

    fn block(&self, title: String) -> Block<'static> {
        Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(Style::new().fg(self.theme.dim))
            .title(Span::styled(
                title,
                Style::new().add_modifier(Modifier::BOLD),
            ))
    }

    fn help(&self) -> Line<'_> {
        Line::styled(self.help, Style::new().fg(self.theme.dim)).right_aligned()
    }

    /// The player himself.
    fn me(&self) -> Vec<Line<'static>> {
        let Some(own) = self.player.own() else {
            return vec![
                Line::from("looks on, plays nobody"),
                Line::from(self.sight()),
            ];
        };
        let ship = ship(self.player);
        let mut lines = vec![
            self.health(BAR.1),
            row("score", own.score.to_string()),
            row("kills, deaths", format!("{}, {}", own.kills, own.deaths)),
        ];
        let has = |effect: u8| ship.is_some_and(|ship| ship.effects & effect != 0);
        let effects = [("shield", effects::SHIELD), ("rapid fire", effects::RAPID)];
        let effects = effects.into_iter().filter(|(_, effect)| has(*effect));
        let effects: Vec<_> = effects.map(|(name, _)| name).collect();
        if !effects.is_empty() {
            lines.push(row("effects", effects.join(", ")));
        }
        lines
    }

    /// What a spectator sees.
    fn sight(&self) -> String {
        match (self.state.followed, self.state.followed_name()) {
            (None, _) => "sees everything".into(),
            (Some(player), "") => format!("follows {player}"),
            (Some(_), name) => format!("follows {name}"),
        }
    }

    /// Told by length and number, not by colour alone.
    fn health(&self, width: usize) -> Line<'static> {
        let health = ship(self.player).map_or(0, |ship| usize::from(ship.health.min(100)));
        let full = (health * width).div_ceil(100);
        let colour = match health {
            0..=30 => self.theme.bad,
            _ => self.theme.good,
        };
        Line::from(vec![
            Span::raw("health "),
            Span::styled("█".repeat(full), Style::new().fg(colour)),
            Span::styled("░".repeat(width - full), Style::new().fg(self.theme.dim)),
            Span::raw(format!(" {health}")),
        ])
    }

    /// The connection.
    fn link(&self) -> Vec<Line<'static>> {
        let (figures, second) = (&self.state.figures, &self.state.figures.second);
        let rate = self.player.snapshot_rate();
        let ticks = match self.player.tick_rate() {
            ticks if ticks == rate => format!("{ticks} Hz"),
            ticks => format!("{ticks} Hz, told at {rate}"),
        };
        let gap = match second.snapshots {
            0 => "none came".into(),
            _ => format!("{:.0} ms at most", ms(second.gap)),
        };
        let (mark, words, colour) = self.checks();
        let mut lines = vec![
            row("tick rate", ticks),
            row("snapshots", format!("{}/s", second.snapshots)),
            row("gap", gap),
            row("round trip", trip(figures.round_trip)),
            row("received", bytes(second.down)),
            row("sent", bytes(second.up)),
            row("in sight", self.player.sight().view.len().to_string()),
            Line::from(vec![
                Span::raw(format!("{:<14}", "checksums")),
                Span::styled(mark, Style::new().fg(colour).add_modifier(Modifier::BOLD)),
                Span::raw(format!(" {words}")),
            ]),
            row("pictures", format!("{}/s", second.frames)),
        ];
        if let Some(pace) = figures.pace {
            lines.push(row("far things", format!("each {} ticks", pace.ticks)));
            lines.push(row("overload", format!("step {}", pace.step)));
        }
        if figures.returns > 0 {
            lines.push(row("came back", format!("{} times", figures.returns)));
        }
        lines
    }

    /// How the checksums are: a sign, words and a colour.
    fn checks(&self) -> (&'static str, String, Color) {
        let figures = &self.state.figures;
        match (figures.desyncs, figures.verified) {
            (0, 0) => ("·", "none yet".into(), Color::Reset),
            (0, right) => ("✓", format!("{right} right"), self.theme.good),
            (wrong, _) => ("✗", format!("{wrong} wrong"), self.theme.bad),
        }
    }

    fn board(&self, width: u16) -> Vec<Line<'static>> {
        if self.state.board.is_empty() {
            return vec![Line::styled("…", Style::new().fg(self.theme.dim))];
        }
        let width = usize::from(width.saturating_sub(2));
        let rows = (1..).zip(&self.state.board).map(|(rank, best)| {
            let score = best.score.to_string();
            let room = width.saturating_sub(score.len() + 5);
            let name: String = best.name.as_str().chars().take(room).collect();
            let is_me = best.player == self.state.me(self.player);
            let style = match is_me {
                true => Style::new().fg(self.theme.own).add_modifier(Modifier::BOLD),
                false => Style::new(),
            };
            let mark = if is_me { '▸' } else { ' ' };
            Line::styled(format!("{mark}{rank:>2} {name:<room$} {score}"), style)
        });
        rows.collect()
    }

    fn minimap(&self) -> Minimap<'_> {
        let (size, _) = place(self.player.sight().view.rules().size.max(1), 0);
        let me = self.state.eye;
        Minimap {
            blips: &self.state.blips,
            me: me.map(|(x, y)| (x / size, y / size)),
            theme: self.theme,
        }
    }

    /// All about the player, in one line.
    fn short_state(&self) -> Line<'static> {
        let Some(own) = self.player.own() else {
            return Line::from(format!("{}  {}", self.sight(), self.title));
        };
        let mut line = self.health(BAR.0);
        line.push_span(format!("  score {}  {}", own.score, self.pilot));
        line
    }

    /// All about the connection, in one line.
    fn short_figures(&self) -> Line<'static> {
        let (figures, second) = (&self.state.figures, &self.state.figures.second);
        let (mark, _, colour) = self.checks();
        let trip = trip(figures.round_trip);
        Line::from(vec![
            Span::styled(mark, Style::new().fg(colour).add_modifier(Modifier::BOLD)),
            Span::raw(format!(
                " {trip}  gap {:.0} ms  {}  {} in sight",
                ms(second.gap),
                bytes(second.down),
                self.player.sight().view.len()
            )),
        ])
    }
}

fn row(name: &str, value: String) -> Line<'static> {
    Line::from(format!("{name:<14}{value}"))
}

fn ms(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// With two digits that say something.
fn trip(time: Option<std::time::Duration>) -> String {
    match time.map(ms) {
        None => "…".into(),
        Some(ms @ ..10.0) => format!("{ms:.2} ms"),
        Some(ms) => format!("{ms:.0} ms"),
    }
}

fn bytes(rate: f64) -> String {
    match rate {
        ..1000.0 => format!("{rate:.0} B/s"),
        ..1e6 => format!("{:.1} kB/s", rate / 1e3),
        _ => format!("{:.1} MB/s", rate / 1e6),
    }
}

/// The largest part of an area that looks like a square: a cell of a terminal is
/// twice as high as wide.
fn square(area: Rect) -> Rect {
    let height = area.height.min(area.width / 2);
    area.centered(Constraint::Length(height * 2), Constraint::Length(height))
}

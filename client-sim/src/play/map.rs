//! The arena around the player, and the small map of all of it.
//!
//! Owns how things look in dots: ships are darts, drones diamonds, shots strokes,
//! pickups signs. Between snapshots things fly on as fast as they did. Called by
//! the view.

use super::Player;
use super::theme::Theme;
use downbeat_protocol::PlayerId;
use downbeat_protocol::arena::{
    Blip, Entity, POSITION_ONE, PickupKind, SPEED_ONE, Ship, TURN, effects,
};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line as Text;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Circle, Context, Line, Points, Rectangle};
use std::f64::consts::TAU;

/// What the server shows around a ship: so many units to each side.
const SIGHT: (f64, f64) = (720.0, 480.0);
/// A ship's size, in units.
const SHIP: f64 = 18.0;
/// A ship's size at least, in dots: smaller ones have no direction. And where all of
/// the plane is shown, and they would cover each other.
const SHIP_DOTS: (f64, f64) = (2.6, 1.6);
/// How long things fly on without news, in seconds.
const FLY_ON: f64 = 0.25;
/// How long the stroke of a shot is, in seconds of its flight.
const STROKE: f64 = 0.025;
/// Dots in a cell of the terminal.
const DOTS: (f64, f64) = (2.0, 4.0);

/// A point, in units.
pub(super) type Point = (f64, f64);

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map<'a> {
    pub(super) player: &'a Player,
    /// Where he looks; `None`: at everything.
    pub(super) eye: Option<Point>,
    /// Whose ship and shots are marked.
    pub(super) me: PlayerId,
    /// Seconds since the last snapshot.
    pub(super) age: f64,
    pub(super) theme: Theme,
}

/// Where something is.
pub(super) fn place(x: i32, y: i32) -> Point {
    let one = f64::from(POSITION_ONE);
    (f64::from(x) / one, f64::from(y) / one)
}

/// Which part of the plane fits into how many dots.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    centre: Point,
    half: Point,
    /// Units to a dot.
    dot: f64,
}

impl Window {
    fn new(area: Rect, eye: Option<Point>, size: f64) -> Self {
        let dots = (
            f64::from(area.width.max(1)) * DOTS.0,
            f64::from(area.height.max(1)) * DOTS.1,
        );
        let (centre, dot) = match eye {
            // No more than there is to be seen.
            Some(eye) => {
                let dot = (2.0 * SIGHT.0 / dots.0).min(2.0 * SIGHT.1 / dots.1);
                (eye, dot)
            }
            // All of it, with a little border.
            None => (
                (size / 2.0, size / 2.0),
                1.02 * (size / dots.0).max(size / dots.1),
            ),
        };
        Self {
            centre,
            half: (dots.0 * dot / 2.0, dots.1 * dot / 2.0),
            dot,
        }
    }

    /// In the canvas y grows upward.
    fn bounds(&self) -> ([f64; 2], [f64; 2]) {
        let ((x, y), half) = (self.centre, self.half);
        ([x - half.0, x + half.0], [-y - half.1, -y + half.1])
    }

    fn shows(&self, (x, y): Point) -> bool {
        (x - self.centre.0).abs() <= self.half.0 && (y - self.centre.1).abs() <= self.half.1
    }
}

impl Widget for Map<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let (size, _) = place(self.player.sight().view.rules().size, 0);
        let window = Window::new(area, self.eye, size);
        let (x_bounds, y_bounds) = window.bounds();
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds(x_bounds)
            .y_bounds(y_bounds)
            .paint(|canvas| {
                ground(canvas, window, size, self.theme);
                canvas.layer();
                for (_, entity) in self.player.sight().view.entities() {
                    self.entity(canvas, window, entity);
                }
            })
            .render(area, buffer);
    }
}

/// The border and a grid, by which one sees that one moves.
fn ground(canvas: &mut Context<'_>, window: Window, size: f64, theme: Theme) {
    let mesh = if window.dot < 20.0 { 128.0 } else { 512.0 };
    let steps = |from: f64, to: f64| {
        let first = (from.max(0.0) / mesh).ceil() as i64;
        let last = (to.min(size) / mesh).floor() as i64;
        (first..=last).map(move |step| step as f64 * mesh)
    };
    let ((x, y), half) = (window.centre, window.half);
    let rows = steps(y - half.1, y + half.1);
    let points: Vec<_> = rows
        .flat_map(|y| steps(x - half.0, x + half.0).map(move |x| (x, -y)))
        .collect();
    canvas.draw(&Points::new(&points, theme.dim));
    canvas.draw(&Rectangle::new(0.0, -size, size, size, theme.dim));
}

impl Map<'_> {
    fn entity(&self, canvas: &mut Context<'_>, window: Window, entity: &Entity) {
        match entity {
            Entity::Ship(ship) => {
                let at = self.flown(place(ship.x, ship.y), ship.vx, ship.vy);
                if window.shows(at) {
                    self.ship(canvas, window, ship, at);
                }
            }
            Entity::Shot(shot) => {
                let (x, y) = self.flown(place(shot.x, shot.y), shot.vx, shot.vy);
                let (vx, vy) = speed(shot.vx, shot.vy);
                let colour = match shot.player {
                    player if self.is_me(player) => self.theme.own,
                    _ => self.theme.shot,
                };
                canvas.draw(&Line::new(
                    x,
                    -y,
                    x - vx * STROKE,
                    -(y - vy * STROKE),
                    colour,
                ));
            }
            Entity::Pickup(pickup) => {
                let at = place(pickup.x, pickup.y);
                if window.shows(at) {
                    let sign = match pickup.kind {
                        PickupKind::Repair => "✚",
                        PickupKind::Rapid => "»",
                        PickupKind::Shield => "◯",
                    };
                    let style = Style::new()
                        .fg(self.theme.pickup)
                        .add_modifier(Modifier::BOLD);
                    canvas.print(at.0, -at.1, Text::styled(sign, style));
                }
            }
        }
    }

    fn ship(&self, canvas: &mut Context<'_>, window: Window, ship: &Ship, at: Point) {
        let is_drone = ship.effects & effects::DRONE != 0;
        let is_me = !is_drone && self.is_me(ship.player);
        let colour = match (is_drone, is_me) {
            (true, _) => self.theme.drone,
            (false, true) => self.theme.own,
            (false, false) => self.theme.other,
        };
        let is_near = self.eye.is_some();
        let dots = if is_near { SHIP_DOTS.0 } else { SHIP_DOTS.1 };
        let size = SHIP.max(dots * window.dot);
        let angle = f64::from(ship.heading) / f64::from(TURN) * TAU;
        // From the middle, at an angle to the nose; y grows upward here.
        let corner = |turn: f64, far: f64| {
            let angle = angle + turn;
            (
                at.0 + angle.cos() * size * far,
                -(at.1 + angle.sin() * size * far),
            )
        };
        if is_drone {
            let corners = [0.0, 0.25, 0.5, 0.75].map(|turn| corner(turn * TAU, 1.1));
            outline(canvas, &corners, colour);
        } else {
            let (nose, notch) = (corner(0.0, 1.6), corner(0.5 * TAU, 0.4));
            let (left, right) = (corner(0.38 * TAU, 1.3), corner(-0.38 * TAU, 1.3));
            outline(canvas, &[nose, left, notch, right], colour);
            if is_me {
                // Filled, so that one finds oneself without colours.
                for part in [0.25, 0.5, 0.75] {
                    for tail in [left, right] {
                        let x = tail.0 + (notch.0 - tail.0) * part;
                        let y = tail.1 + (notch.1 - tail.1) * part;
                        canvas.draw(&Line::new(nose.0, nose.1, x, y, colour));
                    }
                }
                canvas.draw(&Line::new(nose.0, nose.1, notch.0, notch.1, colour));
            }
        }
        if is_near && ship.effects & effects::SHIELD != 0 {
            canvas.draw(&Circle {
                x: at.0,
                y: -at.1,
                radius: size * 2.0,
                color: self.theme.dim,
            });
        }
        if !is_drone && !is_me && is_near {
            let name: String = ship.name.as_str().chars().take(12).collect();
            let style = Style::new().fg(self.theme.dim);
            canvas.print(
                at.0 + size * 1.8,
                -(at.1 - size * 1.8),
                Text::styled(name, style),
            );
        }
    }

    fn is_me(&self, player: PlayerId) -> bool {
        player != PlayerId(0) && player == self.me
    }

    /// Where something is by now.
    fn flown(&self, (x, y): Point, vx: i32, vy: i32) -> Point {
        let age = self.age.clamp(0.0, FLY_ON);
        let (vx, vy) = speed(vx, vy);
        (x + vx * age, y + vy * age)
    }
}

fn outline(canvas: &mut Context<'_>, corners: &[Point], colour: Color) {
    let next = corners.iter().cycle().skip(1);
    for (from, to) in corners.iter().zip(next) {
        canvas.draw(&Line::new(from.0, from.1, to.0, to.1, colour));
    }
}

/// Units per second.
fn speed(vx: i32, vy: i32) -> Point {
    let one = f64::from(SPEED_ONE);
    (f64::from(vx) / one, f64::from(vy) / one)
}

/// The whole plane, as the radar shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minimap<'a> {
    pub(super) blips: &'a [Blip],
    /// Where the player is, in parts of the plane.
    pub(super) me: Option<Point>,
    pub(super) theme: Theme,
}

impl Widget for Minimap<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let points = |drones: bool| -> Vec<Point> {
            let blips = self.blips.iter().filter(|blip| blip.drone == drones);
            blips
                .map(|blip| (f64::from(blip.x) / 256.0, 1.0 - f64::from(blip.y) / 256.0))
                .collect()
        };
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([0.0, 1.0])
            .y_bounds([0.0, 1.0])
            .paint(|canvas| {
                canvas.draw(&Points::new(&points(true), self.theme.drone));
                canvas.draw(&Points::new(&points(false), self.theme.other));
                if let Some((x, y)) = self.me {
                    let style = Style::new().fg(self.theme.own).add_modifier(Modifier::BOLD);
                    canvas.print(x, 1.0 - y, Text::styled("◉", style));
                }
            })
            .render(area, buffer);
    }
}

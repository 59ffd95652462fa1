//! The kinds of values a setting can have: how each is read, written and described.

mod choice;
mod number;
mod several;
mod text;

pub use choice::{Auth, LogFormat};
pub(super) use choice::{FORMAT, PROOF};
pub(super) use number::{Time, Whole};
pub(super) use several::{List, Maybe};
pub(super) use text::{Address, File, Folder, LogFilter, RoomName, Text};

use toml::Value;

/// How values of one kind are read and written.
pub(super) trait Kind {
    /// What the setting's field holds.
    type Held;

    /// The value, if it is of this kind and allowed.
    fn read(&self, value: &Value) -> Option<Self::Held>;
    /// The opposite of `read`; `None` if there is nothing to write.
    fn write(&self, held: &Self::Held) -> Option<Value>;
    /// The word for a value in a help text.
    fn noun(&self) -> &'static str;
    /// What is allowed, for people.
    fn allowed(&self) -> String;

    /// A text from a variable or a flag as the TOML value it is meant to be.
    fn lift(&self, text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

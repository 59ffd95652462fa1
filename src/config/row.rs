//! What the table of settings is made of, and the macro that reads it.

use super::Settings;
use toml::Value;

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: the TOML key, the field of [`Settings`].
    pub key: &'static str,
    /// The heading it stands under.
    pub group: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// The default in words, where a value would not say it: it depends on the
    /// machine or on another setting.
    pub default: Option<&'static str>,
    /// The word for its value in a help text.
    pub noun: fn() -> &'static str,
    /// What is allowed, for people.
    pub allowed: fn() -> String,
    /// A text, from a variable or a flag, as the value it is meant to be.
    pub(super) lift: fn(&str) -> Value,
    /// Sets it; `None` if the value is not allowed.
    pub(super) set: fn(&mut Settings, &Value) -> Option<()>,
    /// Its value; `None` if it is absent.
    pub(super) get: fn(&Settings) -> Option<Value>,
}

impl Row {
    /// The flag without its two dashes: `tick-rate`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The environment variable: `DOWNBEAT_TICK_RATE`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{}{}", super::layers::PREFIX, self.key.to_uppercase())
    }

    /// The default for people.
    #[must_use]
    pub fn default_text(&self) -> String {
        match (self.default, (self.get)(&Settings::default())) {
            (Some(words), _) => words.to_owned(),
            (None, Some(Value::String(text))) => text,
            (None, Some(value)) => value.to_string(),
            (None, None) => "none".to_owned(),
        }
    }
}

/// Reads the table: per row the doc, the field with its type, the default (and
/// after `=>` the default in words), and the kind, which says what is allowed.
macro_rules! settings {
    ($($group:literal: {$(
        $(#[doc = $doc:literal])*
        $key:ident: $type:ty = $default:expr $(=> $words:literal)?, $kind:expr;
    )*})*) => {
        /// The settings of a server. All limits are per session unless said otherwise.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {$($(
            $(#[doc = $doc])*
            ///
            #[doc = concat!(
                "Default: `", stringify!($default), "`", $(" (", $words, ")",)?
                "; allowed: `", stringify!($kind), "`."
            )]
            pub $key: $type,
        )*)*}

        impl Default for Settings {
            fn default() -> Self {
                Self { $($($key: $default,)*)* }
            }
        }

        /// All settings, in the order in which they are explained.
        pub const ROWS: &[Row] = &[$($(Row {
            key: stringify!($key),
            group: $group,
            doc: concat!($($doc),*),
            default: [$(Some($words),)? None][0],
            noun: || $kind.noun(),
            allowed: || $kind.allowed(),
            lift: |text| $kind.lift(text),
            set: |settings, value| {
                settings.$key = $kind.read(value)?;
                Some(())
            },
            get: |settings| $kind.write(&settings.$key),
        },)*)*];
    };
}
pub(super) use settings;

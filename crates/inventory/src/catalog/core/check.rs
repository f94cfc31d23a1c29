//! Checks fields one by one, and collects all problems.

use std::str::FromStr;

use entity::prelude::{CategoryId, Currency, Id, Money, MoneyError};

use super::{
    patch::Patch,
    rejection::{Form, InputPath, Problem, Rejection, Subject},
    text,
};

/// Makes a path of names and positions.
macro_rules! input_path {
    ($($part:expr),* $(,)?) => { vec![$($part.to_string()),*] };
}
pub(super) use input_path;

/// Codes, SKUs, barcodes: the longest.
pub const MAX_CODE: usize = 64;
pub const MAX_NAME: usize = 255;
pub const MAX_DESCRIPTION: usize = 10_000;
/// Longer than search engines display.
pub const MAX_SEO_DESCRIPTION: usize = 1_000;
pub const MAX_METADATA_BYTES: usize = 16 * 1024;
const MAX_EMAIL: usize = 254;
const MAX_URL: usize = 2_048;

/// An amount as clients write it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MoneyText {
    pub amount: String,
    pub currency: String,
}

/// Collects problems. Each method returns the value to store, or None after adding a problem.
#[derive(Debug, Default)]
pub struct Checker {
    pub problems: Vec<Problem>,
}

impl Checker {
    pub fn refuse(&mut self, at: InputPath, rejection: Rejection) {
        self.problems.push(Problem { at, why: rejection });
    }

    /// A text of 1 to `most` characters without control characters, trimmed.
    pub fn line(&mut self, at: InputPath, value: &str, max_length: usize) -> Option<String> {
        self.text(at, value, max_length, |_| true)
    }
    /// Like `line`, but line breaks and tabs are allowed.
    pub fn multiline_text(&mut self, at: InputPath, value: &str, max_length: usize) -> Option<String> {
        self.text(at, value, max_length, |c| !matches!(c, '\n' | '\r' | '\t'))
    }
    fn text(&mut self, at: InputPath, value: &str, max_length: usize, is_bad_control: fn(char) -> bool) -> Option<String> {
        let value = text::normalize_nfc(value.trim());
        if value.is_empty() {
            self.refuse(at, Rejection::Required);
        } else if value.chars().count() > max_length {
            self.refuse(at, Rejection::TooLong { most: max_length });
        } else if value.chars().any(|c| c.is_control() && is_bad_control(c)) {
            self.refuse(at, Rejection::Malformed(Form::Plain));
        } else {
            return Some(value.into_owned());
        }
        None
    }
    pub fn slug(&mut self, at: InputPath, value: &str) -> Option<String> {
        let value = self.line(at.clone(), value, text::MAX_SLUG_LENGTH)?;
        self.check_form(at, value, Form::Slug, text::is_slug)
    }
    /// Requires one @ with text on both sides and no spaces; only sending an e-mail could verify
    /// more.
    pub fn email(&mut self, at: InputPath, value: &str) -> Option<String> {
        let value = self.line(at.clone(), value, MAX_EMAIL)?;
        self.check_form(at, value, Form::Email, |text| {
            text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
                && !text.contains(char::is_whitespace)
        })
    }
    pub fn http_url(&mut self, at: InputPath, value: &str) -> Option<String> {
        let value = self.line(at.clone(), value, MAX_URL)?;
        self.check_form(at, value, Form::HttpUrl, |text| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && !text.contains(char::is_whitespace)
        })
    }
    pub fn check_form(&mut self, at: InputPath, value: String, form: Form, is_good: impl FnOnce(&str) -> bool) -> Option<String> {
        if is_good(&value) {
            return Some(value);
        }
        self.refuse(at, Rejection::Malformed(form));
        None
    }
    /// Like `check_form`, for a text that is required.
    pub fn check_required(
        &mut self,
        at: InputPath,
        value: String,
        form: Form,
        is_good: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        if value.trim().is_empty() {
            self.refuse(at, Rejection::Required);
            return None;
        }
        self.check_form(at, value, form, is_good)
    }
    pub fn range(&mut self, at: InputPath, value: i64, min: i64, max: i64) -> Option<i64> {
        if (min..=max).contains(&value) {
            return Some(value);
        }
        self.refuse(at, Rejection::OutOfRange { least: min, most: max });
        None
    }
    pub fn id<K: entity::id::Kind>(&mut self, at: InputPath, value: &str, word: Subject) -> Option<Id<K>> {
        let id = Id::from_str(value).ok();
        if id.is_none() {
            self.refuse(at, Rejection::WrongId(word));
        }
        id
    }
    /// An amount that is not negative.
    pub fn money(&mut self, at: &str, value: &MoneyText) -> Option<Money> {
        let Some(currency) = Currency::parse(&value.currency) else {
            self.refuse(input_path![at, "currencyCode"], Rejection::Malformed(Form::Currency));
            return None;
        };
        let rejection = match Money::parse(&value.amount, currency) {
            Ok(money) if money.minor >= 0 => return Some(money),
            Ok(_) | Err(MoneyError::OutOfRange) => {
                Rejection::OutOfRange { least: 0, most: entity::quantity::MAX_SAFE / 10_i64.pow(currency.decimals()) }
            }
            Err(MoneyError::NotANumber) => Rejection::Malformed(Form::Amount),
            Err(MoneyError::TooManyDecimals { decimals, .. }) => Rejection::TooManyDecimals { decimals },
        };
        self.refuse(input_path![at, "amount"], rejection);
        None
    }
    /// The text of a JSON object.
    pub fn metadata(&mut self, at: InputPath, value: &serde_json::Value) -> Option<String> {
        if !value.is_object() {
            self.refuse(at, Rejection::Malformed(Form::Object));
            return None;
        }
        let text = value.to_string();
        if text.len() > MAX_METADATA_BYTES {
            self.refuse(at, Rejection::TooLarge { most_bytes: MAX_METADATA_BYTES });
            return None;
        }
        Some(text)
    }
    /// A field that must keep a value: clearing it is refused.
    pub fn required_patch<T, U>(
        &mut self,
        at: &str,
        patch: &Patch<T>,
        check: impl FnOnce(&mut Self, &T) -> Option<U>,
    ) -> Patch<U> {
        if matches!(patch, Patch::Clear) {
            self.refuse(input_path![at], Rejection::Required);
            return Patch::Keep;
        }
        patch.check(|value| check(self, value))
    }
    /// A field that may be empty.
    pub fn optional_patch<T, U>(&mut self, patch: &Patch<T>, check: impl FnOnce(&mut Self, &T) -> Option<U>) -> Patch<U> {
        patch.check(|value| check(self, value))
    }
}

/// A code and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub text: String,
    pub key: String,
}

impl Checker {
    pub fn code(&mut self, at: InputPath, value: &str) -> Option<Code> {
        let text = self.line(at, value, MAX_CODE)?;
        Some(Code { key: text::fold(&text), text })
    }
    pub fn category_id(&mut self, at: &str, value: &str) -> Option<CategoryId> {
        self.id(input_path![at], value, Subject::Category)
    }
}

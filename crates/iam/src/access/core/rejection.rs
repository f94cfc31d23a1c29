//! Why a change of rights is refused.

/// The path to the input field that is meant.
pub type Field = Vec<String>;

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    Invalid {
        message: String,
        field: Field,
    },
    TooLong {
        most: usize,
        field: Field,
    },
    LimitExceeded {
        message: String,
        field: Field,
    },
    NotFound {
        what: &'static str,
        field: Field,
    },
    Duplicate {
        message: String,
        field: Field,
    },
    InUse {
        message: String,
        field: Field,
    },
    InvalidState {
        message: String,
        field: Field,
    },
    /// The row's version is not the one expected.
    Stale {
        actual: i64,
        field: Field,
    },
    /// Somebody would give, or take, what they do not hold themselves in these stores and for this long.
    NotHeld {
        permission: &'static str,
        field: Field,
    },
    /// The change would leave the tenant without an owner.
    LastOwner {
        field: Field,
    },
}

impl Rejection {
    pub fn invalid(message: impl Into<String>, field: Field) -> Self {
        Self::Invalid { message: message.into(), field }
    }
}

/// The longest name, in characters.
pub const MAX_NAME: usize = 255;

/// A name that people read: something, and not too much.
pub fn check_name(name: &str, field: &Field) -> Result<(), Rejection> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Rejection::invalid("a name without control characters is expected", field.clone()));
    }
    if name.chars().count() > MAX_NAME {
        return Err(Rejection::TooLong { most: MAX_NAME, field: field.clone() });
    }
    Ok(())
}

/// A short name that programs use.
pub fn check_key(key: &str, field: &Field) -> Result<(), Rejection> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_key = (2..=63).contains(&key.len()) && key.bytes().all(good) && key.as_bytes()[0].is_ascii_lowercase();
    if is_key {
        return Ok(());
    }
    Err(Rejection::invalid("2 to 63 small letters, digits and hyphens, beginning with a letter, are expected", field.clone()))
}

/// A short name as people write it, and the key that it is unique by.
pub fn check_code(code: &str, field: &Field) -> Result<String, Rejection> {
    let is_code = (1..=64).contains(&code.chars().count()) && !code.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_code {
        return Ok(code.to_lowercase());
    }
    Err(Rejection::invalid("1 to 64 characters without spaces are expected", field.clone()))
}

//! Reasons why a text cannot be drawn as a code, and the maximum length of such a text.

/// Reason why a text cannot be drawn as a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BarcodeError {
    #[error("EAN-13 takes 12 or 13 digits")]
    NotThirteenDigits,
    #[error("the check digit is wrong: {0} is expected as the last digit")]
    CheckDigit(u8),
    #[error("Code 128 takes letters, digits and signs of ASCII, and no others")]
    NotAscii,
    #[error("at most {0} characters can be drawn")]
    TooLong(usize),
}

/// Maximum characters of a code.
pub const MAX_CODE_CHARACTERS: usize = 64;

//! Exact money: integer minor units with a currency.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::quantity::{MAX_SAFE, Quantity};

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Codes in use (ISO 4217, active) whose minor unit is not a hundredth; every other listed code has two decimals.
const NO_DECIMALS: &[&str] =
    &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"];
const THREE_DECIMALS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG";

impl Currency {
    pub const GBP: Self = Self(*b"GBP");

    /// `None` unless it is an active ISO 4217 code in upper case.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let has_two = TWO_DECIMALS.as_bytes().chunks(4).any(|listed| listed[..3] == bytes);
        (has_two || NO_DECIMALS.contains(&code) || THREE_DECIMALS.contains(&code)).then_some(Self(bytes))
    }
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
    /// Decimals of the minor unit (ISO 4217).
    pub fn decimals(self) -> u32 {
        let code = self.as_str();
        if NO_DECIMALS.contains(&code) {
            0
        } else if THREE_DECIMALS.contains(&code) {
            3
        } else {
            2
        }
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("not an ISO 4217 code"))
    }
}

/// An amount in minor units of its currency, within ±(2^53 − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// Reason for which a decimal string is not an amount of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not a decimal number: digits with at most one point are expected, as in \"12.50\"")]
    NotANumber,
    #[error("{currency} has {decimals} decimals")]
    TooManyDecimals { currency: Currency, decimals: u32 },
    #[error("beyond what can be kept exactly")]
    OutOfRange,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads "12.5" as 1250 minor units of a two-decimal currency; zeros beyond the currency's decimals are allowed.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, digits) = amount.strip_prefix('-').map_or((false, amount), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || digits.ends_with('.') {
            return Err(MoneyError::NotANumber);
        }
        let decimals = currency.decimals();
        let kept = fraction.trim_end_matches('0');
        if kept.len() > decimals as usize {
            return Err(MoneyError::TooManyDecimals { currency, decimals });
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', decimals as usize - kept.len());
        for byte in whole.bytes().chain(kept.bytes()).chain(padding) {
            minor = minor
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(byte - b'0')))
                .filter(|m| *m <= MAX_SAFE)
                .ok_or(MoneyError::OutOfRange)?;
        }
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// The decimal string clients see, always with the currency's decimals.
    pub fn amount(self) -> String {
        let decimals = self.currency.decimals();
        let scale = 10i64.pow(decimals);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, rest) = (self.minor.unsigned_abs() / scale as u64, self.minor.unsigned_abs() % scale as u64);
        if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}", width = decimals as usize) }
    }

    /// `minor × quantity ÷ 10^decimals`, rounded half away from zero: the price of one whole unit for a quantity
    /// in smallest units. None beyond what can be kept exactly.
    pub fn times(self, quantity: Quantity, unit_decimals: u8) -> Option<Self> {
        let product = i128::from(self.minor) * i128::from(quantity.get());
        let scale = 10i128.pow(u32::from(unit_decimals));
        let half = if product < 0 { -scale / 2 } else { scale / 2 };
        let minor = i64::try_from((product + half) / scale).ok()?;
        (minor.abs() <= MAX_SAFE).then_some(Self { minor, currency: self.currency })
    }
    /// `None` if the sum exceeds the exact range, or the currencies differ.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.currency == other.currency && minor.abs() <= MAX_SAFE).then_some(Self { minor, currency: self.currency })
    }
}

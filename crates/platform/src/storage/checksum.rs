//! A sum of hashes of rows: independent of the order in which they were written, and updated
//! without reading the other rows.

use std::{
    fmt,
    ops::{AddAssign, SubAssign},
};

use entity::{prelude::TenantId, record::TableRecord};
use sea_orm::Value;
use sha2::{Digest, Sha256};

/// The sum, modulo 2^128, of a hash of each row: the first 16 bytes of SHA-256 over tenant, table and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowSum(u128);

impl RowSum {
    /// Reads 32 hex digits, as `Display` writes them.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
    /// Returns the hash of a row: a caller that stores it beside the row need not hash the row
    /// again to remove it.
    pub fn of<R: TableRecord>(tenant: TenantId, row: R) -> Self {
        Self(hash(tenant, row))
    }
    /// Adds a row. `row` is all that counts of it; two tables with the same columns differ by their names.
    pub fn add<R: TableRecord>(&mut self, tenant: TenantId, row: R) {
        *self += Self::of(tenant, row);
    }
    /// Removes a row that was added.
    pub fn remove<R: TableRecord>(&mut self, tenant: TenantId, row: R) {
        *self -= Self::of(tenant, row);
    }
}

impl AddAssign for RowSum {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl SubAssign for RowSum {
    fn sub_assign(&mut self, other: Self) {
        self.0 = self.0.wrapping_sub(other.0);
    }
}

impl fmt::Display for RowSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

fn hash<R: TableRecord>(tenant: TenantId, row: R) -> u128 {
    let mut bytes = Vec::with_capacity(1_024);
    bytes.extend_from_slice(tenant.uuid().as_bytes());
    push(&mut bytes, b't', R::TABLE.as_bytes());
    let mut values = Vec::with_capacity(R::WITH_TENANT.len());
    row.append_to(&mut values);
    for value in values {
        match value {
            Value::BigInt(Some(number)) => push(&mut bytes, b'i', &number.to_le_bytes()),
            Value::Int(Some(number)) => push(&mut bytes, b'i', &i64::from(number).to_le_bytes()),
            Value::Uuid(Some(id)) => push(&mut bytes, b'u', id.as_bytes()),
            Value::String(Some(text)) => push(&mut bytes, b's', text.as_bytes()),
            // Null: tables that are summed have numbers, ids and texts.
            _ => push(&mut bytes, b'n', &[]),
        }
    }
    let digest = Sha256::digest(&bytes);
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Appends a kind, a length and the bytes, so that no two lists of values have the same bytes.
fn push(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use entity::{
        record::Record,
        tables::{cost_book, demand_week},
    };
    use uuid::Uuid;

    use super::*;

    #[derive(Record, Clone)]
    #[record(of = cost_book)]
    struct Book {
        seq: i64,
    }

    #[derive(Record, Clone)]
    #[record(of = demand_week)]
    struct Week {
        ordered_units: i64,
    }

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    fn sum(of: TenantId, seqs: &[i64]) -> RowSum {
        let mut sum = RowSum::default();
        seqs.iter().for_each(|seq| sum.add(of, Book { seq: *seq }));
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_what_was_added_can_be_taken_out() {
        let mut some = sum(tenant(1), &[3, 1, 2]);
        assert_eq!(some, sum(tenant(1), &[1, 2, 3]));
        some.remove(tenant(1), Book { seq: 2 });
        assert_eq!(some, sum(tenant(1), &[3, 1]));
        let three = RowSum::of(tenant(1), Book { seq: 3 });
        some -= three;
        assert_eq!(some, sum(tenant(1), &[1]));
        some += three;
        assert_ne!(some, sum(tenant(1), &[3, 2]));
        assert_eq!(RowSum::parse(&some.to_string()), Some(some));
        assert_eq!(RowSum::parse("12"), None);
    }

    #[test]
    fn equal_rows_of_another_tenant_or_table_have_another_hash() {
        assert_ne!(sum(tenant(1), &[7]), sum(tenant(2), &[7]));
        let mut week = RowSum::default();
        week.add(tenant(1), Week { ordered_units: 7 });
        assert_ne!(week, sum(tenant(1), &[7]));
        assert_ne!(sum(tenant(1), &[7, 7]), sum(tenant(1), &[]), "a row twice is not none");
    }
}

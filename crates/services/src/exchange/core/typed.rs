//! Types of the columns of an export that tells its rows in types, not in texts.

use inventory::catalog::core::goods;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Text,
    /// A quantity or another whole number.
    Whole,
    /// Minor units of the currency, which is in a column of its own.
    Amount,
    /// Days since 1970.
    Day,
    /// Microseconds since 1970, UTC.
    Moment,
}

/// The type of a column of an export, by the column's name. A name has the same meaning in all
/// exports.
pub fn type_of(column: &str) -> ColumnType {
    match column {
        "madeOn" | "expiresOn" | "businessDate" => ColumnType::Day,
        "placedAt" | "updatedAt" | "occurredAt" | "recordedAt" => ColumnType::Moment,
        "price" | "unitCost" | "unitPrice" | "discount" | "tax" | "total" | "grossRevenue" | "discounts" | "listValue"
        | "costOfGoodsSold" | "refunds" | "minimumOrderValue" => ColumnType::Amount,
        name if is_whole(name) => ColumnType::Whole,
        _ => ColumnType::Text,
    }
}

fn is_whole(column: &str) -> bool {
    const INTEGER_COLUMNS: [&str; 27] = [
        "unitDecimals",
        "lowStockThreshold",
        "minimumRemainingDays",
        "onHand",
        "reserved",
        "unavailable",
        "available",
        "incoming",
        "inTransit",
        "safetyStock",
        "reorderPoint",
        "maximum",
        "seq",
        "line",
        "onHandDelta",
        "reservedDelta",
        "unavailableDelta",
        "onHandAfter",
        "number",
        "quantity",
        "fulfilled",
        "cancelled",
        "returned",
        "leadTimeDays",
        "position",
        "orders",
        "returns",
    ];
    INTEGER_COLUMNS.contains(&column)
        || goods::is_whole(column)
        || ["Units", "Lines", "Seq"].iter().any(|end| column.ends_with(end))
}

/// The name of a column in a typed file: that of an amount ends in `Minor`, for minor units.
pub fn typed_name(column: &str) -> String {
    match type_of(column) {
        ColumnType::Amount => format!("{column}Minor"),
        ColumnType::Text | ColumnType::Whole | ColumnType::Day | ColumnType::Moment => column.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Noun, columns::exported_columns},
        *,
    };

    #[test]
    fn an_amount_has_a_currency_beside_it_and_a_name_of_its_own() {
        for noun in Noun::ALL {
            let names: Vec<&str> = exported_columns(noun).to_vec();
            if names.iter().any(|name| type_of(name) == ColumnType::Amount) {
                assert!(names.iter().any(|name| name.to_lowercase().ends_with("currency")), "{noun:?}");
            }
            let typed: std::collections::BTreeSet<String> = names.iter().map(|name| typed_name(name)).collect();
            assert_eq!(typed.len(), names.len(), "{noun:?}");
        }
        assert_eq!((typed_name("unitCost"), typed_name("sku")), ("unitCostMinor".to_owned(), "sku".to_owned()));
    }

    #[test]
    fn columns_have_the_types_of_their_values() {
        let of = |names: &[&str]| names.iter().map(|name| type_of(name)).collect::<Vec<_>>();
        assert_eq!(of(&["businessDate", "expiresOn"]), [ColumnType::Day; 2]);
        assert_eq!(of(&["placedAt", "recordedAt"]), [ColumnType::Moment; 2]);
        assert_eq!(of(&["orderedUnits", "orderLines", "revisedSeq", "quantity"]), [ColumnType::Whole; 4]);
        assert_eq!(of(&["movementId", "productId", "currency", "isActive", "lot", "state"]), [ColumnType::Text; 6]);
    }
}

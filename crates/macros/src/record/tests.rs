use quote::ToTokens;
use syn::{DeriveInput, parse_quote};

use super::expand;

fn expanded(input: DeriveInput) -> String {
    let tokens = expand(&input).unwrap_or_else(syn::Error::into_compile_error);
    tokens.to_token_stream().to_string().split_whitespace().collect()
}

/// Asserts that `text` contains all of `parts`, ignoring white space.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        let part: String = part.split_whitespace().collect();
        assert!(text.contains(&part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn a_table_has_its_columns_in_the_order_of_its_fields() {
    let text = expanded(parse_quote! {
        #[sea_orm(table_name = "barcode")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub tenant_id: TenantId,
            #[sea_orm(primary_key, auto_increment = false)]
            pub code: String,
            pub position: i32,
        }
    });
    has(
        &text,
        &[
            "const TABLE: &'static str = \"barcode\";",
            "&[::entity::record::Column(\"tenant_id\", <TenantId as ::entity::record::Cell>::KIND), ::entity::record::Column(\"code\", ",
            "const WITH_TENANT: &'static [::entity::record::Column] = <Self as ::entity::record::TableRecord>::COLUMNS;",
            "const KEY: &'static [&'static str] = &[\"tenant_id\", \"code\"];",
            "tenant_id: <TenantId as ::entity::record::Cell>::decode(cells, TABLE)?, code: <String as ::entity::record::Cell>::decode(cells, TABLE)?, position:",
            "impl ::entity::Tenanted for Entity",
        ],
    );
}

#[test]
fn a_projection_is_compiled_against_its_table() {
    let text = expanded(parse_quote! {
        #[record(of = tables::product, alias = "p")]
        struct Facts {
            #[record(column = "id")]
            product: ProductId,
            r#type: Option<String>,
        }
    });
    has(
        &text,
        &[
            "fn _product(row: tables::product::Model) -> ProductId { row.id }",
            "fn _type(row: tables::product::Model) -> Option<String> { row.r#type }",
            "&[::entity::record::Column(\"tenant_id\", ::entity::record::ColumnKind::Id), ::entity::record::Column(\"id\",",
            "const HAS_TENANT: bool = false;",
            "::entity::record::Part::Columns(\"p\", <Facts as ::entity::record::TableRecord>::COLUMNS)",
        ],
    );
    assert!(!text.contains("Tenanted"));
}

#[test]
fn a_marked_key_counts_the_tenant() {
    let text = expanded(parse_quote! {
        #[record(of = count_line)]
        struct Counted {
            #[record(key)]
            id: CountLineId,
            counted: Option<Quantity>,
        }
    });
    has(&text, &["const KEYS: usize = 2usize;"]);
}

#[test]
fn a_key_behind_other_columns_is_refused() {
    let text = expanded(parse_quote! {
        #[record(of = count_line)]
        struct Counted {
            tenant_id: TenantId,
            counted: Option<Quantity>,
            #[record(key)]
            id: CountLineId,
        }
    });
    has(&text, &["compile_error", "the columns of the key come first"]);
}

#[test]
fn a_join_lists_its_parts() {
    let text = expanded(parse_quote! {
        struct Shown {
            #[record(alias = "l")]
            level: LevelRow,
            #[record(of = store, alias = "s")]
            time_zone: String,
            #[record(of = lot, alias = "o", outer)]
            code: Option<String>,
            #[record(sql = "count(*)")]
            number: i64,
            facts: Facts,
        }
    });
    has(
        &text,
        &[
            "Part::Columns(\"l\", <LevelRow as ::entity::record::TableRecord>::COLUMNS)",
            "Part::Columns(\"s\", &[::entity::record::Column(\"time_zone\", <String as ::entity::record::Cell>::KIND)])",
            "Part::Sql(\"count(*)\")",
            "Part::Sql(<Facts as ::entity::record::Selected>::SELECT)",
            "level: <LevelRow as ::entity::record::Record>::read(cells)?",
            "fn _time_zone(row: store::Model) -> String { row.time_zone }",
            "fn _code(row: lot::Model) -> Option<String> { ::entity::record::Cell::or_null(row.code) }",
        ],
    );
}

#[test]
fn nulls_that_only_the_statement_knows_are_compiled_too() {
    let text = expanded(parse_quote! {
        struct Piece {
            #[record(of = return_match, alias = "m", outer)]
            quantity: Option<Quantity>,
            #[record(of = reservation, alias = "r", not_null)]
            order_id: OrderId,
        }
    });
    has(
        &text,
        &[
            "fn _quantity(row: return_match::Model) -> Option<Quantity> { ::entity::record::Cell::or_null(row.quantity) }",
            "fn _order_id(row: reservation::Model) -> ::core::option::Option<OrderId> { row.order_id }",
        ],
    );
}

#[test]
fn what_no_record_can_be_is_refused() {
    for (input, why) in [
        (parse_quote! { enum Kind { One } }, "a record is a struct"),
        (parse_quote! { struct Pair(i64, i64); }, "a record has named fields"),
        (parse_quote! { struct Join { #[record(of = store)] name: String } }, "a field of a join has"),
        (
            parse_quote! { #[record(from = store)] struct Join { name: String } },
            "`of`, `alias`, `column`, `sql`, `key`, `outer` or `not_null` is expected",
        ),
    ] {
        has(&expanded(input), &[why]);
    }
}

//! Derives of this workspace, each in a file of its own.

mod record;

use proc_macro::TokenStream;

/// Ties a struct to columns of a table: the select list, reading a row in the order of that list, and the values of bulk writes.
/// `entity::record` has the traits and describes the attributes.
#[proc_macro_derive(Record, attributes(record, sea_orm))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    record::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

//! `derive(Record)`: a whole table, a projection of one, or a join of several.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Path, Result, Type, spanned::Spanned};

/// Whether a column of a statement can be null where the table's cannot, or the other way round.
#[derive(Default, Clone, Copy)]
enum Nulls {
    #[default]
    AsInTable,
    /// `outer`: of an outer join, so null where no row was found; the field is an `Option` of the
    /// column's type.
    Outer,
    /// `not_null`: the statement finds only rows where the column has a value; the field has the
    /// type without `Option`.
    Excluded,
}

/// Attributes of a struct or a field.
#[derive(Default)]
struct Attributes {
    /// `of = product`: the module of the table that the columns are of.
    of: Option<Path>,
    /// `alias = "p"`: the table's name in the statement.
    alias: Option<LitStr>,
    /// `column = "id"`: the column, where the field has another name.
    column: Option<LitStr>,
    /// `sql = "count(*)"`: an expression in place of a column.
    sql: Option<LitStr>,
    /// `key`: this column finds the row of an update. The key is the first columns.
    is_key: bool,
    nulls: Nulls,
    /// `sea_orm(table_name = "product")`.
    table: Option<LitStr>,
    /// `sea_orm(primary_key)`.
    is_primary: bool,
}

impl Attributes {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("record") {
                attribute.parse_nested_meta(|meta| {
                    match &meta.path {
                        path if path.is_ident("of") => parsed.of = Some(meta.value()?.parse()?),
                        path if path.is_ident("alias") => parsed.alias = Some(meta.value()?.parse()?),
                        path if path.is_ident("column") => parsed.column = Some(meta.value()?.parse()?),
                        path if path.is_ident("sql") => parsed.sql = Some(meta.value()?.parse()?),
                        path if path.is_ident("key") => parsed.is_key = true,
                        path if path.is_ident("outer") => parsed.nulls = Nulls::Outer,
                        path if path.is_ident("not_null") => parsed.nulls = Nulls::Excluded,
                        _ => return Err(meta.error("`of`, `alias`, `column`, `sql`, `key`, `outer` or `not_null` is expected")),
                    }
                    Ok(())
                })?;
            } else if attribute.path().is_ident("sea_orm") {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("primary_key") {
                        parsed.is_primary = true;
                    } else if meta.input.peek(syn::Token![=]) {
                        let value: syn::Lit = meta.value()?.parse()?;
                        if let (true, syn::Lit::Str(name)) = (meta.path.is_ident("table_name"), value) {
                            parsed.table = Some(name);
                        }
                    }
                    Ok(())
                })?;
            }
        }
        Ok(parsed)
    }
}

/// A field that is one column.
struct Cell<'a> {
    field: &'a Field,
    name: &'a Ident,
    column: LitStr,
    attributes: Attributes,
}

impl Cell<'_> {
    fn ty(&self) -> &Type {
        &self.field.ty
    }
    fn column_constant(&self) -> TokenStream {
        let (column, ty) = (&self.column, self.ty());
        quote!(::entity::record::Column(#column, <#ty as ::entity::record::Cell>::KIND))
    }
    /// A function that compiles only where the table's struct has this column with this type.
    fn check(&self, of: &Path) -> Result<TokenStream> {
        let (name, ty) = (format_ident!("_{}", strip_raw(&self.name.to_string())), self.ty());
        let column = syn::parse_str::<Ident>(&self.column.value())
            .or_else(|_| syn::parse_str(&format!("r#{}", self.column.value())))
            .map(|mut column| {
                column.set_span(self.name.span());
                column
            })?;
        let (row_type, value) = match self.attributes.nulls {
            Nulls::AsInTable => (quote!(#ty), quote_spanned!(ty.span()=> row.#column)),
            Nulls::Outer => (quote!(#ty), quote_spanned!(ty.span()=> ::entity::record::Cell::or_null(row.#column))),
            Nulls::Excluded => (quote!(::core::option::Option<#ty>), quote_spanned!(ty.span()=> row.#column)),
        };
        Ok(quote_spanned!(ty.span()=> fn #name(row: #of::Model) -> #row_type { #value }))
    }
}

fn strip_raw(name: &str) -> String {
    name.trim_start_matches("r#").to_owned()
}

/// The tokens of `derive(Record)`.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else { return Err(Error::new(input.span(), "a record is a struct")) };
    let Fields::Named(fields) = &data.fields else { return Err(Error::new(input.span(), "a record has named fields")) };
    let attributes = Attributes::of(&input.attrs)?;
    if let (None, None) = (&attributes.table, &attributes.of) {
        return join(&input.ident, fields.named.iter());
    }
    let cells = fields.named.iter().map(parse_cell).collect::<Result<Vec<_>>>()?;
    match (&attributes.table, &attributes.of) {
        (Some(table), _) => Ok(expand_table(&input.ident, table, &cells)),
        (None, Some(entity)) => projection(&input.ident, entity, attributes.alias.as_ref(), &cells),
        (None, None) => join(&input.ident, fields.named.iter()),
    }
}

fn parse_cell(field: &Field) -> Result<Cell<'_>> {
    let name = field.ident.as_ref().ok_or_else(|| Error::new(field.span(), "a field has a name"))?;
    let attributes = Attributes::of(&field.attrs)?;
    let column = attributes.column.clone().unwrap_or_else(|| LitStr::new(&strip_raw(&name.to_string()), name.span()));
    Ok(Cell { field, name, column, attributes })
}

/// A whole table: the columns, their kinds, and the other items of a sea-orm entity.
fn expand_table(name: &Ident, table: &LitStr, cells: &[Cell<'_>]) -> TokenStream {
    let keys: Vec<_> = cells.iter().filter(|cell| cell.attributes.is_primary).map(|cell| &cell.column).collect();
    let tenant_impl = (keys.first().map(|key| key.value()).as_deref() == Some("tenant_id")).then(|| {
        quote! { impl ::entity::Tenanted for Entity { const TENANT: Column = Column::TenantId; } }
    });
    let key_constant = quote!(<Self as ::entity::record::Table>::KEY);
    let record = table_record(name, &quote!(#table), &key_constant, cells);
    quote! {
        #record
        impl ::entity::record::Table for #name { const KEY: &'static [&'static str] = &[#(#keys),*]; }
        /// No relations: statements join explicitly.
        #[derive(Debug, Clone, Copy, ::sea_orm::EnumIter, ::sea_orm::DeriveRelation)]
        pub enum Relation {}
        impl ::sea_orm::ActiveModelBehavior for ActiveModel {}
        #tenant_impl
    }
}

/// Some columns of a table, each checked against the table's struct.
fn projection(name: &Ident, of: &Path, alias: Option<&LitStr>, cells: &[Cell<'_>]) -> Result<TokenStream> {
    let is_part_of_key = |cell: &&Cell<'_>| cell.attributes.is_key || cell.column.value() == "tenant_id";
    if let Some(cell) = cells.iter().skip_while(is_part_of_key).find(|cell| cell.attributes.is_key) {
        return Err(Error::new(cell.field.span(), "the columns of the key come first"));
    }
    let table = quote!(<#of::Model as ::entity::record::TableRecord>::TABLE);
    let key = quote!(<#of::Model as ::entity::record::Table>::KEY);
    let record = table_record(name, &table, &key, cells);
    let checks = cells.iter().map(|cell| cell.check(of)).collect::<Result<Vec<_>>>()?;
    let selected = alias.map(|alias| {
        let part = quote!(::entity::record::Part::Columns(#alias, <#name as ::entity::record::TableRecord>::COLUMNS));
        select_constant(name, &[part])
    });
    Ok(quote! {
        #record
        #selected
        const _: () = { #(#checks)* };
    })
}

/// `Record` and `TableRecord` of a struct whose fields are columns of one table.
fn table_record(name: &Ident, table: &TokenStream, key: &TokenStream, cells: &[Cell<'_>]) -> TokenStream {
    let (names, types): (Vec<_>, Vec<_>) = cells.iter().map(|cell| (cell.name, cell.ty())).unzip();
    let columns: Vec<_> = cells.iter().map(Cell::column_constant).collect();
    let has_tenant = cells.first().is_some_and(|cell| cell.column.value() == "tenant_id");
    let with_tenant = if has_tenant {
        quote!(<Self as ::entity::record::TableRecord>::COLUMNS)
    } else {
        quote!(&[::entity::record::Column("tenant_id", ::entity::record::ColumnKind::Id), #(#columns),*])
    };
    let key_count = cells.iter().filter(|cell| cell.attributes.is_key).count() + usize::from(!has_tenant);
    let keys = if cells.iter().any(|cell| cell.attributes.is_key) {
        quote!(#key_count)
    } else {
        quote!(::entity::record::keys(<Self as ::entity::record::TableRecord>::WITH_TENANT, #key))
    };
    quote! {
        impl ::entity::record::Record for #name {
            fn read(cells: &mut ::entity::record::Cells<'_>) -> ::core::result::Result<Self, ::entity::record::RecordError> {
                const TABLE: &str = <#name as ::entity::record::TableRecord>::TABLE;
                ::core::result::Result::Ok(Self { #(#names: <#types as ::entity::record::Cell>::decode(cells, TABLE)?),* })
            }
        }
        impl ::entity::record::TableRecord for #name {
            const TABLE: &'static str = #table;
            const COLUMNS: &'static [::entity::record::Column] = &[#(#columns),*];
            const WITH_TENANT: &'static [::entity::record::Column] = #with_tenant;
            const HAS_TENANT: bool = #has_tenant;
            const KEYS: usize = #keys;
            fn append_to(self, values: &mut ::std::vec::Vec<::sea_orm::Value>) {
                #(values.push(<#types as ::entity::record::Cell>::encode(self.#names));)*
            }
        }
    }
}

/// Columns of several tables: each field is a record with the alias of its table, a column of one, or an expression.
fn join<'a>(name: &Ident, fields: impl Iterator<Item = &'a Field>) -> Result<TokenStream> {
    let (mut reads, mut parts, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for field in fields {
        let cell = parse_cell(field)?;
        let (field, ty, attributes) = (cell.name, cell.ty(), &cell.attributes);
        let decoded = |table: TokenStream| quote!(#field: <#ty as ::entity::record::Cell>::decode(cells, #table)?);
        match (&attributes.sql, &attributes.of, &attributes.alias) {
            (Some(sql), None, None) => {
                parts.push(quote!(::entity::record::Part::Sql(#sql)));
                reads.push(decoded(quote!(::core::stringify!(#name))));
            }
            (None, Some(of), Some(alias)) => {
                let column = cell.column_constant();
                parts.push(quote!(::entity::record::Part::Columns(#alias, &[#column])));
                reads.push(decoded(quote!(<#of::Model as ::entity::record::TableRecord>::TABLE)));
                checks.push(cell.check(of)?);
            }
            (None, None, Some(alias)) => {
                parts.push(quote!(::entity::record::Part::Columns(#alias, <#ty as ::entity::record::TableRecord>::COLUMNS)));
                reads.push(quote!(#field: <#ty as ::entity::record::Record>::read(cells)?));
            }
            (None, None, None) => {
                parts.push(quote!(::entity::record::Part::Sql(<#ty as ::entity::record::Selected>::SELECT)));
                reads.push(quote!(#field: <#ty as ::entity::record::Record>::read(cells)?));
            }
            _ => return Err(Error::new(ty.span(), "a field of a join has `alias`, `of` and `alias`, `sql`, or none of them")),
        }
    }
    let selected = select_constant(name, &parts);
    Ok(quote! {
        impl ::entity::record::Record for #name {
            fn read(cells: &mut ::entity::record::Cells<'_>) -> ::core::result::Result<Self, ::entity::record::RecordError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
        }
        #selected
        const _: () = { #(#checks)* };
    })
}

/// The select list as a constant.
fn select_constant(name: &Ident, parts: &[TokenStream]) -> TokenStream {
    quote! {
        impl ::entity::record::Selected for #name {
            const SELECT: &'static str = {
                const PARTS: &[::entity::record::Part] = &[#(#parts),*];
                const LENGTH: usize = ::entity::record::select_length(PARTS);
                const TEXT: [u8; LENGTH] = ::entity::record::select_text(PARTS);
                ::entity::record::select_str(&TEXT)
            };
        }
    }
}

#[cfg(test)]
mod tests;

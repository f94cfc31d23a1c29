//! The fields of every page: a block with `connection(…)` has those that it does not write itself, in one order.

use syn::{Ident, ImplItem, ImplItemFn, Member, Result, Token, Type, parenthesized, parse::ParseStream, parse_quote};

/// `(page, StockAgesEdge, StockAges)`: field of the `CountedPage`, and types of edge and node.
pub struct Connection {
    page: Member,
    edge: Ident,
    node: Type,
}

impl Connection {
    pub fn parse(input: ParseStream) -> Result<Self> {
        let content;
        parenthesized!(content in input);
        let page = content.parse()?;
        content.parse::<Token![,]>()?;
        let edge = content.parse()?;
        content.parse::<Token![,]>()?;
        Ok(Self { page, edge, node: content.parse()? })
    }

    /// Puts the fields first. One that the block has itself goes to its place among them.
    pub fn complete(&self, items: &mut Vec<ImplItem>) {
        for (slot, field) in self.fields().into_iter().enumerate() {
            let existing =
                items.iter().position(|item| matches!(item, ImplItem::Fn(existing) if existing.sig.ident == field.sig.ident));
            let field = existing.map_or(ImplItem::Fn(field), |index| items.remove(index));
            items.insert(slot, field);
        }
    }

    fn fields(&self) -> [ImplItemFn; 4] {
        let Self { page, edge, node } = self;
        [
            parse_quote! {
                /// The nodes with their cursors.
                async fn edges(&self) -> ::graphql::boxed_list::BoxedList<#edge> {
                    (0..self.#page.page.nodes.len()).map(|index| #edge(self.#page.page.clone(), index)).collect()
                }
            },
            parse_quote! {
                /// The nodes alone.
                async fn nodes(&self) -> ::graphql::boxed_list::BoxedList<&#node> {
                    self.#page.page.nodes.iter().collect()
                }
            },
            parse_quote! {
                /// Position of the page in the list.
                fn page_info(&self) -> ::graphql::connection::PageInfo {
                    self.#page.page.info()
                }
            },
            parse_quote! {
                /// Number of nodes on all pages together, counted up to a limit. Costs 3.
                #[field(cost = "3")]
                async fn total_count(
                    &self,
                    #[graphql(
                        desc = "Count no further than this: 1 to 100,000. Default 1,000.",
                        default_with = "::graphql::connection::COUNTED_BY_DEFAULT"
                    )]
                    limit: i32,
                ) -> ::graphql::fault::Answer<::graphql::connection::Count> {
                    self.#page.total(limit).await
                }
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};
    use syn::{ImplItem, ItemImpl, parse2};

    use crate::resolvers::expand;

    /// The fields of a connection and their texts, once its block is expanded.
    fn fields(arguments: TokenStream, own: TokenStream) -> Vec<(String, String)> {
        let block: ItemImpl = parse2(expand(arguments, quote!(impl NoteConnection { #own })).unwrap()).unwrap();
        let fields = block.items.into_iter().filter_map(|item| match item {
            ImplItem::Fn(field) => Some((field.sig.ident.to_string(), field.to_token_stream().to_string())),
            _ => None,
        });
        fields.collect()
    }

    #[test]
    fn a_connection_has_the_fields_of_every_page_first() {
        let found = fields(
            quote!(connection(0, NoteEdge, Note)),
            quote!(
                async fn seq(&self) -> Long {
                    self.1
                }
            ),
        );
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["edges", "nodes", "page_info", "total_count", "seq"]);
        assert!(found[0].1.contains("NoteEdge (self . 0 . page . clone () , index)"), "{}", found[0].1);
        assert!(found[3].1.contains(":: cost :: apply (\"3\" . to_owned ())"), "{}", found[3].1);
    }

    #[test]
    fn a_field_of_its_own_stands_in_its_place() {
        let own = quote! {
            async fn seq(&self) -> Long { self.seq }
            /// Notes, the newest first.
            async fn nodes(&self) -> Notes { self.page.notes() }
        };
        let found = fields(quote!(connection(page, NoteEdge, Note)), own);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["edges", "nodes", "page_info", "total_count", "seq"]);
        assert!(found[1].1.contains("self . page . notes ()"), "{}", found[1].1);
    }
}

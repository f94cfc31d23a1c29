//! The fields of every object with tags and custom data: `tagged!("supplier", self.0.id,
//! ProductRead)` in its block adds both.

use quote::quote;
use syn::{
    Expr, Ident, ImplItem, LitStr, Result, Token,
    parse::{Parse, ParseStream},
    parse_quote,
};

/// Noun of the object, its ID, and the permission that both fields need, if any.
struct TaggedObject {
    noun: LitStr,
    id: Expr,
    permit: Option<Ident>,
}

impl Parse for TaggedObject {
    fn parse(input: ParseStream) -> Result<Self> {
        let noun = input.parse()?;
        input.parse::<Token![,]>()?;
        let id = input.parse()?;
        let permit = input.parse::<Option<Token![,]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Self { noun, id, permit })
    }
}

impl TaggedObject {
    fn fields(&self) -> [ImplItem; 2] {
        let Self { noun, id, permit } = self;
        let permit = permit.as_ref().map(|kind| quote!(#[field(permit = #kind)]));
        let noun = noun.value();
        let tags = format!("Tags of the {noun}, at most 50, in the order in which they were given. Empty when there are none.");
        let metadata = format!("Custom data of the {noun}: a JSON object, empty where none was given.");
        [
            parse_quote! {
                #[doc = #tags]
                #permit
                async fn tags(&self, ctx: &::async_graphql::Context<'_>) -> ::graphql::fault::Answer<Vec<String>> {
                    crate::tagging::tags_of(ctx, #id.uuid()).await
                }
            },
            parse_quote! {
                #[doc = #metadata]
                #permit
                async fn metadata(&self, ctx: &::async_graphql::Context<'_>) -> ::graphql::fault::Answer<::graphql::scalars::Json> {
                    crate::tagging::metadata_of(ctx, #id.uuid()).await
                }
            },
        ]
    }
}

/// Puts the fields where the block names them.
pub fn expand(items: Vec<ImplItem>) -> Result<Vec<ImplItem>> {
    let mut expanded = Vec::with_capacity(items.len());
    for item in items {
        match item {
            ImplItem::Macro(call) if call.mac.path.is_ident("tagged") => {
                expanded.extend(call.mac.parse_body::<TaggedObject>()?.fields());
            }
            item => expanded.push(item),
        }
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use crate::resolvers::expand;

    fn expanded(block: TokenStream) -> String {
        expand(TokenStream::new(), quote!(impl Store { #block })).unwrap().to_string()
    }

    #[test]
    fn tags_and_custom_data_stand_where_they_are_named() {
        let text = expanded(quote! {
            async fn code(&self) -> &str { &self.0.code }
            tagged!("store", self.0.id, StoreRead);
            async fn version(&self) -> Long { Long(self.0.version) }
        });
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
        let places = [
            "fn code",
            "\"Tags of the store, at most 50,",
            "fn tags",
            "\"Custom data of the store: ",
            "fn metadata",
            "fn version",
        ];
        assert!(places.map(at).is_sorted(), "{text}");
        assert_eq!(text.matches("kind :: StoreRead > (ctx)").count(), 2, "{text}");
        assert!(text.contains("metadata_of (ctx , self . 0 . id . uuid ()) . await"), "{text}");
    }

    #[test]
    fn an_object_that_is_asked_for_by_its_permission_names_none() {
        let text = expanded(quote!(tagged!("lot", self.row().id);));
        assert!(!text.contains("permit") && text.contains("self . row () . id . uuid ()"), "{text}");
    }
}

//! Boxes the bodies of asynchronous methods.
//!
//! async-graphql's `resolve_field_async` requires a method's future to be `Send`. Each expression
//! that names the future proves this again, over everything that the method awaits, down to the
//! database: rustc caches no such proof, as there are lifetimes in it. A boxed future is proven
//! once, at the box. The frame in which a field is resolved, which is as large as the largest of
//! the type's fields, becomes small as well.

use quote::ToTokens;
use syn::{ImplItem, ReturnType, parse_quote};

use crate::getters::has_await;

/// Boxes the body of a method that waits.
pub fn apply(item: &mut ImplItem) {
    if let ImplItem::Fn(method) = item
        && method.sig.asyncness.is_some()
        && let ReturnType::Type(_, output) = &method.sig.output
        && has_await(method.block.to_token_stream())
    {
        let block = &method.block;
        method.block = parse_quote!({ ::graphql::boxed::body::<#output>(async move #block).await });
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::resolvers::tests::expanded;

    #[test]
    fn what_waits_is_boxed() {
        let waits = expanded(quote! { async fn lots(&self, ctx: &Context<'_>) -> Lots { self.0.lots(ctx).await } }).unwrap();
        let boxed = quote!({ ::graphql::boxed::body::<Lots>(async move { self.0.lots(ctx).await }).await }).to_string();
        assert!(waits.contains(&boxed), "{waits}");
        let at_once = expanded(quote! { async fn price(&self) -> Money { self.0 } }).unwrap();
        assert!(!at_once.contains("boxed"), "{at_once}");
    }
}

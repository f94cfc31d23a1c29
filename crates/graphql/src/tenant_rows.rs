//! The macro `tenant_rows!`, by which a room declares the rows that its loaders read.

/// `tenant_rows!(Rows)` declares the rows that a room's loaders read, of one tenant, and `load`: what the request's loader finds for a key.
#[macro_export]
macro_rules! tenant_rows {
    ($(#[$doc:meta])* $rows:ident) => {
        $(#[$doc])*
        pub struct $rows(platform::storage::TenantScope);

        impl From<platform::storage::TenantScope> for $rows {
            fn from(scope: platform::storage::TenantScope) -> Self {
                Self(scope)
            }
        }

        /// Returns the value that the request's loader finds for a key.
        pub async fn load<K>(
            ctx: &async_graphql::Context<'_>,
            key: K,
        ) -> $crate::fault::Answer<Option<<$rows as async_graphql::dataloader::Loader<K>>::Value>>
        where
            K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
            $rows: async_graphql::dataloader::Loader<K, Error = platform::storage::Fault>,
        {
            let loader = $crate::context::ContextExt::lazy::<async_graphql::dataloader::DataLoader<$rows>>(ctx)?;
            // Boxed, because the engine moves futures of the size of an object's largest field, for
            // each of its fields.
            Ok(Box::pin(loader.load_one(key)).await?)
        }
    };
}

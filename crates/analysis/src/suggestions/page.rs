//! Pages of suggestions, each with the status of the learning.

/// Declares a page of suggestions, with a status that says whether there can be any.
macro_rules! suggestions {
    ($connection:ident, $edge:ident, $node:ty, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        pub struct $connection {
            page: CountedPage<$node>,
            status: ProductTextStatus,
            is_partial: bool,
        }
        crate::connection!(@edge $edge, $node, $what);

        impl $connection {
            pub fn new(page: CountedPage<$node>, status: ProductTextStatus, is_partial: bool) -> Self {
                Self { page, status, is_partial }
            }
        }

        #[doc = concat!("A page of ", $what, ".")]
        #[resolvers(connection(page, $edge, $node))]
        impl $connection {
            /// State of the learning. Unless it is READY the page is empty, and this is the reason.
            async fn status(&self) -> ProductTextStatus {
                self.status
            }
            /// True if the catalogue is larger than one reading, which covers the newest products.
            async fn is_partial(&self) -> bool {
                self.is_partial
            }
        }
    };
}
pub(super) use suggestions;

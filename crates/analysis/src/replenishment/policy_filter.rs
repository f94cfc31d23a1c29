//! Filter and sort of the list of policies, as clients write them.

use async_graphql::{Enum, InputObject};
use platform::storage::Nested;
use services::replenishment::rows::{PoliciesSorted, PolicyFilter, PolicySort as By};

use super::enums::ReplenishmentPolicyKind;
use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::span,
};

/// Policies of replenishment that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReplenishmentPolicyFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ReplenishmentPolicyFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ReplenishmentPolicyFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ReplenishmentPolicyFilter>>,
    /// Condition on the ID of the policy.
    pub id: Option<IdFilter>,
    /// Kinds of rule to include; an empty list matches nothing.
    pub kind: Option<Vec<ReplenishmentPolicyKind>>,
    /// Products that the policy is for. A policy without a product does not match.
    pub product: Option<IdFilter>,
    /// Stores that the policy is for. A policy for all stores does not match.
    pub store: Option<IdFilter>,
    /// Suppliers whose products the policy is for. A policy without a supplier does not match.
    pub supplier: Option<IdFilter>,
    /// Time at which the policy was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time of the policy's last change.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ReplenishmentPolicyFilter);
crate::keyed_filter!(
    ReplenishmentPolicyFilter,
    "product" product ProductSku,
    "store" store StoreCode,
    "supplier" supplier SupplierCode;
    [store] "createdAt" created_at, "updatedAt" updated_at
);

impl ReplenishmentPolicyFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<PolicyFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// The tests of one filter, without those inside it.
    fn tests(self, path: &Path) -> Answer<PolicyFilter> {
        Ok(PolicyFilter {
            ids: self.id.map(|filter| filter.ids(&field_path(path, "id"))).transpose()?.flatten(),
            kinds: self.kind.map(|list| list.into_iter().map(Into::into).collect()),
            products: self.product.map(|filter| filter.ids(&field_path(path, "product"))).transpose()?.flatten(),
            stores: self.store.map(|filter| filter.ids(&field_path(path, "store"))).transpose()?.flatten(),
            suppliers: self.supplier.map(|filter| filter.ids(&field_path(path, "supplier"))).transpose()?.flatten(),
            created_at: self.created_at.map(|test| span(&test)),
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}

/// Sort order of a list of policies of replenishment; policies with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ReplenishmentPolicySort {
    /// Field by which the policies are sorted.
    pub field: ReplenishmentPolicySortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which policies of replenishment can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentPolicySortField {
    /// Scope of the policy, which keeps those of a product together.
    Scope,
    /// Time at which the policy was created.
    CreatedAt,
    /// Time of the policy's last change.
    UpdatedAt,
}

crate::sorts::rows_sorted!(ReplenishmentPolicySort => PoliciesSorted);

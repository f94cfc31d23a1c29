//! The forms of references: each becomes an ID, a key, or the name of a document.

use async_graphql::ID;
use inventory::catalog::rows::keys::KeyKind;

use super::DocumentRef;
use crate::{
    access::{RoleRef, StoreGroupRef},
    catalog::{CategoryRef, ChannelRef, CustomerRef, ProductFamilyRef, ProductRef, StoreRef, SupplierRef},
    fulfilment::CarrierRef,
    identity::MemberRef,
    orders::{ExternalRef, OrderRef},
    papers::InvoiceRef,
    returns::ReturnRef,
    saved_views::SavedViewRef,
};

/// How a reference names a thing.
pub enum Name {
    Id(ID),
    /// The kind of the key, the key, and the field of the reference that it was sent in.
    Key(KeyKind, String, &'static str),
    /// The e-mail address of a customer, which several may have.
    Email(String),
    /// The e-mail address of a member.
    MemberEmail(String),
    /// The key of a role.
    RoleKey(String),
    /// The slug of a saved view.
    ViewSlug(String),
    /// The name of a product family, which several may have.
    FamilyName(String),
    Document(DocumentName),
}

/// How a document is named without its ID.
pub enum DocumentName {
    OrderNumber(String),
    /// By the reference that it has in a channel.
    ExternalOrder(ExternalRef),
    /// As it is printed.
    InvoiceNumber(String),
    ReturnNumber(String),
    /// The reference of a return in an external system.
    ReturnReference(String),
    /// The number of a document of any kind.
    Number(String),
}

impl From<CategoryRef> for Name {
    fn from(category: CategoryRef) -> Self {
        match category {
            CategoryRef::Id(id) => Self::Id(id),
            CategoryRef::Slug(slug) => Self::Key(KeyKind::CategorySlug, slug, "slug"),
        }
    }
}
impl From<SupplierRef> for Name {
    fn from(supplier: SupplierRef) -> Self {
        match supplier {
            SupplierRef::Id(id) => Self::Id(id),
            SupplierRef::Code(code) => Self::Key(KeyKind::SupplierCode, code, "code"),
        }
    }
}
impl From<ChannelRef> for Name {
    fn from(channel: ChannelRef) -> Self {
        match channel {
            ChannelRef::Id(id) => Self::Id(id),
            ChannelRef::Code(code) => Self::Key(KeyKind::ChannelCode, code, "code"),
        }
    }
}
impl From<CustomerRef> for Name {
    fn from(customer: CustomerRef) -> Self {
        match customer {
            CustomerRef::Id(id) => Self::Id(id),
            CustomerRef::ExternalRef(text) => Self::Key(KeyKind::CustomerExternalRef, text, "externalRef"),
            CustomerRef::Email(email) => Self::Email(email),
        }
    }
}
impl From<StoreRef> for Name {
    fn from(store: StoreRef) -> Self {
        match store {
            StoreRef::Id(id) => Self::Id(id),
            StoreRef::Code(code) => Self::Key(KeyKind::StoreCode, code, "code"),
        }
    }
}
impl From<ProductRef> for Name {
    fn from(product: ProductRef) -> Self {
        match product {
            ProductRef::Id(id) => Self::Id(id),
            ProductRef::Sku(sku) => Self::Key(KeyKind::ProductSku, sku, "sku"),
            ProductRef::Barcode(code) => Self::Key(KeyKind::ProductBarcode, code, "barcode"),
        }
    }
}
impl From<ProductFamilyRef> for Name {
    fn from(family: ProductFamilyRef) -> Self {
        match family {
            ProductFamilyRef::Id(id) => Self::Id(id),
            ProductFamilyRef::Name(name) => Self::FamilyName(name),
        }
    }
}
impl From<CarrierRef> for Name {
    fn from(carrier: CarrierRef) -> Self {
        match carrier {
            CarrierRef::Id(id) => Self::Id(id),
            CarrierRef::Code(code) => Self::Key(KeyKind::CarrierCode, code, "code"),
        }
    }
}
impl From<StoreGroupRef> for Name {
    fn from(group: StoreGroupRef) -> Self {
        match group {
            StoreGroupRef::Id(id) => Self::Id(id),
            StoreGroupRef::Code(code) => Self::Key(KeyKind::StoreGroupCode, code, "code"),
        }
    }
}
impl From<OrderRef> for Name {
    fn from(order: OrderRef) -> Self {
        match order {
            OrderRef::Id(id) => Self::Id(id),
            OrderRef::Number(number) => Self::Document(DocumentName::OrderNumber(number)),
            OrderRef::External(external) => Self::Document(DocumentName::ExternalOrder(external)),
        }
    }
}
impl From<InvoiceRef> for Name {
    fn from(invoice: InvoiceRef) -> Self {
        match invoice {
            InvoiceRef::Id(id) => Self::Id(id),
            InvoiceRef::Number(number) => Self::Document(DocumentName::InvoiceNumber(number)),
        }
    }
}
impl From<MemberRef> for Name {
    fn from(member: MemberRef) -> Self {
        match member {
            MemberRef::Id(id) => Self::Id(id),
            MemberRef::Email(email) => Self::MemberEmail(email),
        }
    }
}
impl From<ReturnRef> for Name {
    fn from(sales_return: ReturnRef) -> Self {
        match sales_return {
            ReturnRef::Id(id) => Self::Id(id),
            ReturnRef::Number(number) => Self::Document(DocumentName::ReturnNumber(number)),
            ReturnRef::ExternalRef(reference) => Self::Document(DocumentName::ReturnReference(reference)),
        }
    }
}
impl From<DocumentRef> for Name {
    fn from(document: DocumentRef) -> Self {
        match document {
            DocumentRef::Id(id) => Self::Id(id),
            DocumentRef::Number(number) => Self::Document(DocumentName::Number(number)),
        }
    }
}
impl From<RoleRef> for Name {
    fn from(role: RoleRef) -> Self {
        match role {
            RoleRef::Id(id) => Self::Id(id),
            RoleRef::Key(key) => Self::RoleKey(key),
        }
    }
}
impl From<SavedViewRef> for Name {
    fn from(view: SavedViewRef) -> Self {
        match view {
            SavedViewRef::Id(id) => Self::Id(id),
            SavedViewRef::Slug(slug) => Self::ViewSlug(slug),
        }
    }
}

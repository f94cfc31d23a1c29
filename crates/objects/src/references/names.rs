//! The forms of references: each becomes an ID, a key, or the name of a document.

use async_graphql::{ID, OneofObject};
use inventory::catalog::rows::keys::KeyKind;
use services::scan::core::Kind;

use crate::{
    access::{RoleRef, StoreGroupRef},
    catalog::{CategoryRef, ChannelRef, CustomerRef, ProductFamilyRef, ProductRef, StoreRef, SupplierRef},
    counts::StocktakeRef,
    fulfilment::CarrierRef,
    identity::MemberRef,
    orders::{ExternalRef, OrderRef},
    papers::InvoiceRef,
    purchasing::{BlanketOrderRef, PurchaseOrderRef},
    returns::ReturnRef,
    saved_views::SavedViewRef,
    transfers::TransferRef,
};

/// Reference to a document: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum DocumentRef {
    /// ID of the document.
    Id(ID),
    /// Number of an order, purchase order, blanket order, transfer, stocktake, return, return to a supplier, invoice, credit note or fulfilment work that
    /// you may see, with its letters, as in TR-000007. Refused where several documents have it, as digits alone may be.
    Number(String),
}

/// Form of a reference to an object.
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

/// Name of a document other than its ID.
pub enum DocumentName {
    OrderNumber(String),
    /// By the reference that it has in a channel.
    ExternalOrder(ExternalRef),
    /// Number of an invoice, as printed.
    InvoiceNumber(String),
    ReturnNumber(String),
    /// The reference of a return in an external system.
    ReturnReference(String),
    /// The number of a document of any kind.
    Number(String),
    /// The number of a document of one kind, among those that the caller sees.
    NumberOf(Kind, String),
    /// The reference of a return in an external system, among those that the caller sees.
    SeenReturnReference(String),
    /// The reference of an order in a channel, among those that the caller sees.
    SeenExternalOrder(ExternalRef),
}

/// An order among those that the caller sees. `OrderRef` alone names any order of the tenant, which
/// the mutation may refuse.
pub struct VisibleOrder(pub OrderRef);

impl From<VisibleOrder> for Name {
    fn from(VisibleOrder(order_ref): VisibleOrder) -> Self {
        match order_ref {
            OrderRef::Id(id) => Self::Id(id),
            OrderRef::Number(number) => Self::Document(DocumentName::NumberOf(Kind::Order, number)),
            OrderRef::External(external) => Self::Document(DocumentName::SeenExternalOrder(external)),
        }
    }
}

/// A return among those that the caller sees. `ReturnRef` alone names a return of an order whose
/// payments the caller may record.
pub struct VisibleReturn(pub ReturnRef);

impl From<VisibleReturn> for Name {
    fn from(VisibleReturn(return_ref): VisibleReturn) -> Self {
        match return_ref {
            ReturnRef::Id(id) => Self::Id(id),
            ReturnRef::Number(number) => Self::Document(DocumentName::NumberOf(Kind::Return, number)),
            ReturnRef::ExternalRef(reference) => Self::Document(DocumentName::SeenReturnReference(reference)),
        }
    }
}

/// Converts each form of a reference to a name; every reference has a form with an ID.
macro_rules! names {
    ($($given:ident { $($form:ident($value:ident) => $name:expr),+ })+) => {$(
        impl From<$given> for Name {
            fn from(given: $given) -> Self {
                match given {
                    $given::Id(id) => Self::Id(id),
                    $($given::$form($value) => $name,)+
                }
            }
        }
    )+};
}

names! {
    CategoryRef { Slug(slug) => Name::Key(KeyKind::CategorySlug, slug, "slug") }
    SupplierRef { Code(code) => Name::Key(KeyKind::SupplierCode, code, "code") }
    ChannelRef { Code(code) => Name::Key(KeyKind::ChannelCode, code, "code") }
    CustomerRef {
        ExternalRef(text) => Name::Key(KeyKind::CustomerExternalRef, text, "externalRef"),
        Email(email) => Name::Email(email)
    }
    StoreRef { Code(code) => Name::Key(KeyKind::StoreCode, code, "code") }
    ProductRef {
        Sku(sku) => Name::Key(KeyKind::ProductSku, sku, "sku"),
        Barcode(code) => Name::Key(KeyKind::ProductBarcode, code, "barcode")
    }
    ProductFamilyRef { Name(name) => Name::FamilyName(name) }
    CarrierRef { Code(code) => Name::Key(KeyKind::CarrierCode, code, "code") }
    StoreGroupRef { Code(code) => Name::Key(KeyKind::StoreGroupCode, code, "code") }
    OrderRef {
        Number(number) => Name::Document(DocumentName::OrderNumber(number)),
        External(external) => Name::Document(DocumentName::ExternalOrder(external))
    }
    InvoiceRef { Number(number) => Name::Document(DocumentName::InvoiceNumber(number)) }
    MemberRef { Email(email) => Name::MemberEmail(email) }
    ReturnRef {
        Number(number) => Name::Document(DocumentName::ReturnNumber(number)),
        ExternalRef(reference) => Name::Document(DocumentName::ReturnReference(reference))
    }
    PurchaseOrderRef { Number(number) => Name::Document(DocumentName::NumberOf(Kind::PurchaseOrder, number)) }
    BlanketOrderRef { Number(number) => Name::Document(DocumentName::NumberOf(Kind::BlanketOrder, number)) }
    TransferRef { Number(number) => Name::Document(DocumentName::NumberOf(Kind::Transfer, number)) }
    StocktakeRef { Number(number) => Name::Document(DocumentName::NumberOf(Kind::Stocktake, number)) }
    DocumentRef { Number(number) => Name::Document(DocumentName::Number(number)) }
    RoleRef { Key(key) => Name::RoleKey(key) }
    SavedViewRef { Slug(slug) => Name::ViewSlug(slug) }
}

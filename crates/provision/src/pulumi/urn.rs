//! Uniform resource names: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`.

/// A URN in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urn<'a> {
    /// The stack.
    pub stack: &'a str,
    /// The project.
    pub project: &'a str,
    /// The resource's own type, without those of its parents.
    pub kind: &'a str,
    /// Its name; may hold `::`.
    pub name: &'a str,
}

impl<'a> Urn<'a> {
    /// Reads a URN; `None` for anything else.
    pub fn parse(urn: &'a str) -> Option<Self> {
        let mut parts = urn.strip_prefix("urn:pulumi:")?.splitn(4, "::");
        let (stack, project) = (parts.next()?, parts.next()?);
        let nested = parts.next()?;
        let name = parts.next()?;
        let kind = nested.rsplit('$').next().unwrap_or(nested);
        Some(Self {
            stack,
            project,
            kind,
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Urn;

    #[test]
    fn a_name_may_hold_what_separates() {
        let urn = Urn::parse("urn:pulumi:prod::pay::acme:net:Net$aws:s3/bucket:Bucket::a::b").unwrap();
        assert_eq!((urn.stack, urn.project), ("prod", "pay"));
        assert_eq!((urn.kind, urn.name), ("aws:s3/bucket:Bucket", "a::b"));
    }

    #[test]
    fn what_is_no_urn_has_no_parts() {
        for text in ["", "urn:pulumi:a::b::c", "urn:other:a::b::c::d"] {
            assert_eq!(Urn::parse(text), None, "{text}");
        }
    }
}

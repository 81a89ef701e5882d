//! What is being asked: each job is one call at a time, and knows what to do with its answer.

use super::book::Place;
use super::census::{self, Counts, Next};
use crate::api::{Api, ApiError, AuditEntry, Listed, Operation, Page, Scope, UpdatePage};
use crate::counting::{Cursor, From, Reading};
use crate::state::Mark;
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Updates on a page: the most that the service gives.
pub(crate) const PAGE_SIZE: u32 = 100;

/// Something that takes calls.
#[derive(Debug)]
pub(crate) enum Job {
    /// The list of an organization's stacks.
    List(List),
    /// A number of an organization.
    Census(Census),
    /// A stack's history.
    Read(Read),
    /// One stack in the list of its project.
    Look(Look),
    /// What is new in an organization's audit log.
    Hear(Hear),
}

/// Pages of a list: how many there may be, and that none comes twice.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    next: Option<Next>,
    count: u32,
    seen: HashSet<u64>,
}

impl Pages {
    /// A page was read, and says where the list goes on; whether it does.
    fn turn(&mut self, next: Option<Next>, limit: u32) -> Result<bool, ApiError> {
        self.count += 1;
        if let Some(next) = &next {
            let mut hasher = DefaultHasher::new();
            next.hash(&mut hasher);
            if !self.seen.insert(hasher.finish()) {
                return Err(ApiError::RepeatedToken);
            }
            if self.count >= limit {
                return Err(ApiError::TooManyPages(limit));
            }
        }
        self.next = next;
        Ok(self.next.is_some())
    }

    fn token(&self) -> Option<String> {
        match &self.next {
            Some(Next::Token(token)) => Some(token.clone()),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) organization: Arc<str>,
    /// A number of its own, which the stacks that it shows are marked with.
    pub(crate) number: u32,
    /// It is the first one of its organization.
    pub(crate) is_first: bool,
    pub(crate) pages: Pages,
    /// When it began, Unix nanoseconds.
    pub(crate) since: u64,
    /// Stacks whose rows are to be written.
    pub(crate) changed: Vec<Arc<str>>,
}

#[derive(Debug)]
pub(crate) struct Census {
    pub(crate) organization: Arc<str>,
    pub(crate) operation: Operation,
    pub(crate) pages: Pages,
    pub(crate) counts: Counts,
}

#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) id: Arc<str>,
    pub(crate) place: Place,
    /// What the list said when it began.
    pub(crate) listed: Mark,
    pub(crate) reading: Reading,
    pub(crate) cursor: Cursor,
    pub(crate) from: From,
    pub(crate) pages: u32,
    /// Whether the newest page is empty.
    pub(crate) is_empty: bool,
    /// Its history began anew, which the list has confirmed.
    pub(crate) is_anew: bool,
}

#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) place: Place,
    pub(crate) pages: Pages,
    /// What it is looked for.
    pub(crate) why: Why,
}

#[derive(Debug)]
pub(crate) enum Why {
    /// Somebody says that something happened to it.
    Called,
    /// Its history seems to have begun anew: is it the same stack still?
    WentBack(Box<Read>),
}

#[derive(Debug)]
pub(crate) struct Hear {
    pub(crate) organization: Arc<str>,
    /// From when on it is read, Unix seconds.
    pub(crate) from: i64,
    pub(crate) pages: Pages,
    pub(crate) entries: Vec<AuditEntry>,
}

/// A call's parameters.
#[derive(Debug)]
pub(crate) enum Ask {
    Stacks(Arc<str>, Option<Arc<str>>, Option<String>),
    Census(Arc<str>, Operation, Option<Next>),
    Updates(Place, u32, u32),
    AuditLog(Arc<str>, i64, Option<String>),
}

/// A call's answer.
#[derive(Debug)]
pub(crate) enum Answer {
    Stacks(Page<Vec<Listed>>),
    Census(Counts, Option<Next>),
    Updates(UpdatePage),
    AuditLog(Page<Vec<AuditEntry>>),
}

impl Ask {
    pub(crate) async fn send(self, api: &Api) -> Result<Answer, ApiError> {
        match self {
            Self::Stacks(organization, project, token) => {
                let scope = Scope {
                    organization: &organization,
                    project: project.as_deref(),
                };
                Ok(Answer::Stacks(api.stacks(scope, token.as_deref()).await?))
            }
            Self::Census(organization, operation, next) => {
                let (counts, next) = census::ask(api, &organization, operation, next).await?;
                Ok(Answer::Census(counts, next))
            }
            Self::Updates([organization, project, name], page, size) => {
                let page = api.updates([&organization, &project, &name], page, size).await?;
                Ok(Answer::Updates(page))
            }
            Self::AuditLog(organization, from, token) => {
                let page = api.audit_log(&organization, from, token.as_deref()).await?;
                Ok(Answer::AuditLog(page))
            }
        }
    }
}

impl Job {
    /// What is to be asked now; `None` when there is nothing more.
    pub(crate) fn ask(&self) -> Option<Ask> {
        match self {
            Self::List(list) => Some(Ask::Stacks(Arc::clone(&list.organization), None, list.pages.token())),
            Self::Census(census) => Some(Ask::Census(
                Arc::clone(&census.organization),
                census.operation,
                census.pages.next.clone(),
            )),
            Self::Read(read) => {
                let page = read.reading.next()?;
                Some(Ask::Updates(read.place.clone(), page, read.reading.page_size()))
            }
            Self::Look(look) => {
                let [organization, project, _] = &look.place;
                Some(Ask::Stacks(
                    Arc::clone(organization),
                    Some(Arc::clone(project)),
                    look.pages.token(),
                ))
            }
            Self::Hear(hear) => Some(Ask::AuditLog(
                Arc::clone(&hear.organization),
                hear.from,
                hear.pages.token(),
            )),
        }
    }

    /// The operation, and the organization that it is asked of.
    pub(crate) fn about(&self) -> (Operation, &Arc<str>) {
        match self {
            Self::List(list) => (Operation::Stacks, &list.organization),
            Self::Census(census) => (census.operation, &census.organization),
            Self::Read(read) => (Operation::Updates, &read.place[0]),
            Self::Look(look) => (Operation::Stacks, &look.place[0]),
            Self::Hear(hear) => (Operation::AuditLog, &hear.organization),
        }
    }

    /// Whether it has got answers already, which are of use when it goes on later.
    pub(crate) fn is_begun(&self) -> bool {
        match self {
            Self::List(list) => list.pages.count > 0,
            Self::Census(census) => census.pages.count > 0,
            Self::Read(read) => read.pages > 0,
            // What comes meanwhile is newer than its first page, and read the next time.
            Self::Hear(hear) => hear.pages.count > 0,
            Self::Look(_) => false,
        }
    }
}

impl Census {
    /// Takes a page; says whether there is another.
    pub(crate) fn take(&mut self, counts: Counts, next: Option<Next>, limit: u32) -> Result<bool, ApiError> {
        for (labels, count) in counts {
            *self.counts.entry(labels).or_default() += count;
        }
        self.pages.turn(next, limit)
    }
}

impl List {
    pub(crate) fn turn(&mut self, next: Option<String>, limit: u32) -> Result<bool, ApiError> {
        self.pages.turn(next.map(Next::Token), limit)
    }
}

impl Read {
    pub(crate) fn new(id: Arc<str>, place: Place, listed: Mark, cursor: Cursor, from: From) -> Self {
        Self {
            id,
            place,
            listed,
            reading: Reading::new(cursor.clone(), from, PAGE_SIZE),
            cursor,
            from,
            pages: 0,
            is_empty: false,
            is_anew: false,
        }
    }

    /// Takes a page; says whether another is needed.
    pub(crate) fn take(&mut self, page: UpdatePage, limit: u32) -> Result<bool, ApiError> {
        if self.pages == 0 {
            self.is_empty = page.updates.is_empty();
            // Where pages are shorter than was asked for, a short one is not the last.
            if let Some(size) = page.size.filter(|size| (1..PAGE_SIZE).contains(size)) {
                self.reading = Reading::new(self.cursor.clone(), self.from, size);
            }
        }
        self.pages += 1;
        self.reading.add(page.updates);
        match self.reading.next() {
            Some(_) if self.pages >= limit => Err(ApiError::TooManyPages(limit)),
            next => Ok(next.is_some()),
        }
    }

    /// The same stack's history from its new beginning.
    pub(crate) fn anew(self, listed: Mark) -> Self {
        Self {
            is_anew: true,
            ..Self::new(self.id, self.place, listed, Cursor::default(), From::Cursor)
        }
    }
}

impl Look {
    pub(crate) fn turn(&mut self, next: Option<String>, limit: u32) -> Result<bool, ApiError> {
        self.pages.turn(next.map(Next::Token), limit)
    }
}

impl Hear {
    /// Takes a page; says whether there is another.
    pub(crate) fn take(&mut self, page: Page<Vec<AuditEntry>>, limit: u32) -> Result<bool, ApiError> {
        self.entries.extend(page.items);
        self.pages.turn(page.next.map(Next::Token), limit)
    }
}

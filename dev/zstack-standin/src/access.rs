//! Who calls: sessions and access keys.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA512, digest};
use ring::hmac;
use time::UtcOffset;

use crate::answer::Answer;
use crate::refusal::Refusal;
use crate::{clock, ids};

/// The account `admin` has the same UUID in every installation.
pub(crate) const ADMIN: &str = "36c27e8ff05c4780bf6d2fa65700f22e";
const SESSION_MILLIS: i64 = 7_200_000;
const MOST_SESSIONS: usize = 500;
const MOST_SKEW_MILLIS: i64 = 15 * 60 * 1000;

/// An account that calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) String);

impl Who {
    pub(crate) fn is_admin(&self) -> bool {
        self.0 == ADMIN
    }
}

#[derive(Clone, Debug)]
struct Session {
    account: String,
    ends: i64,
}

#[derive(Clone, Debug)]
struct Account {
    uuid: String,
    password: String,
}

#[derive(Clone, Debug)]
struct Key {
    secret: String,
    account: String,
    enabled: bool,
}

/// Accounts, sessions and access keys.
#[derive(Debug, Default)]
pub(crate) struct Access {
    accounts: HashMap<String, Account>,
    sessions: HashMap<String, Session>,
    keys: HashMap<String, Key>,
}

/// What a header `Authorization` is worth: an account, ZStack's refusal, or an answer to a malformed call.
pub(crate) type Known = Result<Result<Who, Refusal>, Answer>;

impl Access {
    /// `password` is the plain one.
    pub(crate) fn add_account(&mut self, name: &str, uuid: &str, password: &str) {
        let password = ids::hex(digest(&SHA512, password.as_bytes()).as_ref());
        self.accounts.insert(name.to_owned(), Account { uuid: uuid.to_owned(), password });
    }

    pub(crate) fn add_key(&mut self, id: &str, secret: &str, account: &str, enabled: bool) {
        let key = Key { secret: secret.to_owned(), account: account.to_owned(), enabled };
        self.keys.insert(id.to_owned(), key);
    }

    /// Logs in; the password is its hash. Returns the session, the account and the end in epoch milliseconds.
    pub(crate) fn log_in(&mut self, name: &str, password: &str) -> Result<(String, String, i64), Refusal> {
        let account = self.accounts.get(name).filter(|it| it.password == password);
        let account = account.ok_or_else(|| Refusal::new("ID.1000", "wrong account name or password"))?;
        let now = clock::now();
        self.sessions.retain(|_, it| it.ends > now);
        if self.sessions.values().filter(|it| it.account == account.uuid).count() >= MOST_SESSIONS {
            return Err(Refusal::new("ID.1006", "the account has too many sessions"));
        }
        let (session, ends) = (ids::random(), now + SESSION_MILLIS);
        self.sessions.insert(session.clone(), Session { account: account.uuid.clone(), ends });
        Ok((session, account.uuid.clone(), ends))
    }

    pub(crate) fn log_out(&mut self, session: &str) {
        self.sessions.remove(session);
    }

    pub(crate) fn end_sessions(&mut self) {
        self.sessions.clear();
    }

    /// How many sessions are open.
    pub(crate) fn sessions(&self) -> usize {
        let now = clock::now();
        self.sessions.values().filter(|it| it.ends > now).count()
    }

    /// Who sends this header. A session is renewed. `path` begins at `/v1`.
    pub(crate) fn known(
        &mut self,
        authorization: Option<&str>,
        date: Option<&str>,
        method: &str,
        path: &str,
        zone: UtcOffset,
    ) -> Known {
        let Some(authorization) = authorization else {
            return Err(Answer::plain(400, "the header Authorization is missing"));
        };
        match authorization.split_once(' ') {
            Some(("OAuth", session)) => Ok(self.session(session)),
            Some(("ZStack", signed)) => self.signed(signed, date, method, path, zone).map(Ok),
            _ => Err(Answer::plain(400, "the header Authorization is malformed")),
        }
    }

    fn session(&mut self, session: &str) -> Result<Who, Refusal> {
        let now = clock::now();
        let found = self.sessions.get_mut(session).filter(|it| it.ends > now);
        let found = found.ok_or_else(|| Refusal::new("ID.1001", "the session is invalid or over"))?;
        found.ends = now + SESSION_MILLIS;
        Ok(Who(found.account.clone()))
    }

    fn signed(
        &self,
        signed: &str,
        date: Option<&str>,
        method: &str,
        path: &str,
        zone: UtcOffset,
    ) -> Result<Who, Answer> {
        let Some((id, signature)) = signed.split_once(':') else {
            return Err(Answer::plain(400, "the header Authorization is malformed"));
        };
        let Some(date) = date else { return Err(Answer::plain(400, "the header Date is missing")) };
        // What a date in another form is answered is not known: inferred.
        let at = clock::read_signed(date, zone).ok_or_else(|| Answer::plain(403, "the header Date is malformed"))?;
        if (at - clock::now()).abs() > MOST_SKEW_MILLIS {
            return Err(Answer::plain(403, "requestTimeTooSkewed"));
        }
        let key = self.keys.get(id).filter(|it| it.enabled);
        let key = key.ok_or_else(|| Answer::plain(403, "the access key is unknown or disabled"))?;
        let secret = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.secret.as_bytes());
        let wanted = hmac::sign(&secret, format!("{method}\n{date}\n{path}").as_bytes());
        if BASE64_STANDARD.encode(wanted) == signature {
            Ok(Who(key.account.clone()))
        } else {
            Err(Answer::plain(403, "the signature is wrong"))
        }
    }
}

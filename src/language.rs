//! The language of what people read: alerts, and the answers to ZStack's test button. The log is always English.

/// A language. Keys and the labels that routes use are the same in every language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `zh-CN`: simplified Chinese, in the words of ZStack's and Flashduty's consoles
    Chinese,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// None if `tag` is not the tag of a language.
    #[must_use]
    pub fn read(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The tag in settings.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }
}

//! Hides secrets; the only maker of Clean<T>.

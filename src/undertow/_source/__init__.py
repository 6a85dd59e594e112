"""From a Python function to a rewritten one: find its source, rewrite it, compile it, bind it to an interpreter."""

from .code import Mark, Template, specialise, template_of
from .locate import SourceNotFound

__all__ = ["Mark", "SourceNotFound", "Template", "specialise", "template_of"]

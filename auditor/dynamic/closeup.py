from auditor.model.divergence import Closeup
def focus_on(first): return None
def look(first, traces): return None

from kentstats.areas import find_area as find_area
from kentstats.areas import load_areas as load_areas
from kentstats.indicators import load_indicators as load_indicators
from kentstats.ingest.inspection_report import load_sources as load_sources
from kentstats.load import load_actions as load_actions
from kentstats.load import load_facts as load_facts
from kentstats.load import load_judgements as load_judgements
from kentstats.load import load_statements as load_statements
from kentstats.project import Project as Project
from kentstats.report.context import Briefing as Briefing
from kentstats.report.context import open_briefing as open_briefing

__version__: str

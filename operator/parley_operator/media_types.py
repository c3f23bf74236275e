"""How requests to the API server and its answers may be written."""

from __future__ import annotations

APPLY = "application/apply-patch+yaml"  # JSON is YAML, and a server before 1.34 knows no other name for it
JSON = "application/json"
MERGE = "application/merge-patch+json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Objects without what they hold: no Secret's contents come here, and no ConfigMap's are read for nothing."""

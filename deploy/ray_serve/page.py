"""The deployment that serves the page: the app, whose jobs run on the workers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from gradio import mount_gradio_app
from ray import serve
from ray.serve.config import RequestRouterConfig
from ray.serve.handle import DeploymentHandle

from app import build_page, server_parts, serving_options
from components.login.asking import access_of
from components.login.login import build_login
from deploy.ray_serve.client import RayCluster
from deploy.ray_serve.worker import MachineFacts
from models.model_catalog import ModelCatalog
from models.runtime import JobGroup
from services import Services, build_services, start_background_work
from settings import Settings

MAX_JOBS = 200
"""Jobs of one page process that run or wait at once; each holds a thread."""
MORE_THREADS = 40
"""For everything else, Gradio's own default."""
MAX_CONNECTIONS = 4000
"""Requests to one page process at once; each open page in a browser holds one or two. Serve's default is 5."""
STICKY = RequestRouterConfig(
    request_router_class="ray.serve.experimental.consistent_hash_router.ConsistentHashRouter",
    request_router_kwargs={"num_fallback_replicas": 0},
)
"""Requests with the same header X-Session-Id go to the same page process, since uploads, queue and history are in it."""


@serve.ingress()
class Page:
    """One page process."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, workers: Mapping[JobGroup, DeploymentHandle[Any]]
    ) -> None:
        facts = await asyncio.gather(*(worker.facts.remote() for worker in workers.values()))
        largest = max(facts, key=lambda machine: (machine.device != "cpu", machine.attainable_bytes))
        self._services = _with_cluster(_page_services(), workers, largest)
        start_background_work(self._services, model_libraries={}, prepares_models=False)  # no model runs here

    def __serve_build_asgi_app__(self) -> FastAPI:
        page = build_page(self._services)
        page.max_threads = page._queue.max_thread_count = MAX_JOBS + MORE_THREADS
        login = build_login(self._services.access.accounts)
        app = FastAPI(**server_parts(self._services, login))
        mount_gradio_app(app, page, path="/", **serving_options(self._services, login))
        return app


page_deployment = serve.deployment(Page, name="page", max_ongoing_requests=MAX_CONNECTIONS, request_router_config=STICKY)


def _page_services() -> Services:
    settings = page_settings(Settings())
    return build_services(settings, access_of(settings))


def page_settings(settings: Settings) -> Settings:
    """Return the settings of a page: Serve keeps the queue, and links are fetched only where an operator says so."""
    fetch_links = settings.fetch_links and "fetch_links" in settings.model_fields_set  # Serve's proxy is there for others
    return settings.model_copy(update={"parallel_jobs": MAX_JOBS, "parallel_speech_jobs": MAX_JOBS, "fetch_links": fetch_links})


def _with_cluster(services: Services, workers: Mapping[JobGroup, DeploymentHandle[Any]], facts: MachineFacts) -> Services:
    """Return services whose jobs run on the workers, and whose catalogue is that of the largest of them."""
    catalog = ModelCatalog(
        services.files, facts.device, lambda: facts.attainable_bytes, facts.specs, lambda: facts.attainable_host_bytes
    )
    cluster = RayCluster(workers, services.clips, services.settings.lease_timeout_seconds)
    return replace(services, runtime=replace(services.runtime, catalog=catalog, cluster=cluster))

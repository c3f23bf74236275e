"""Owns which tests belong to which category, by their path under tests/: each can be run alone, as `pytest -m NAME`.

The categories are FastRTC Voice AI's (F40). A folder stands for all that is in it, and a test may be of several.
Figures are no tests: `make bench` has them; "performance" are the guards of what makes them good.
"""

from __future__ import annotations

from pathlib import PurePosixPath

_PLANE = "unit/parley_dataplane"

CATEGORIES = {
    "vad": (
        f"{_PLANE}/hearing",
        f"{_PLANE}/engines/test_silero.py",
        f"{_PLANE}/engines/test_resting.py",
    ),
    "sessions": (
        f"{_PLANE}/test_session.py",
        f"{_PLANE}/test_sessions.py",
        f"{_PLANE}/test_conversation.py",
        f"{_PLANE}/test_line.py",
        f"{_PLANE}/test_pause.py",
        f"{_PLANE}/test_silence.py",
        f"{_PLANE}/test_test_tone.py",
        f"{_PLANE}/routes/test_fastrtc_http.py",
        "calls/test_300_calls_leave_nothing.py",
        f"{_PLANE}/test_drain.py",
        "calls/test_a_server_that_drains_ends_with_its_last_call.py",
        "calls/test_ctrl_c_says_goodbye.py",
        "calls/test_the_environment_governs_all_doors.py",
    ),
    "service": (
        "unit/parley",
        "unit/parley_api",
        "unit/manifests",
        "unit/parley_cli",
        "unit/parley_operator",
        "unit/parley_tuner",
        f"{_PLANE}/protocols",
        f"{_PLANE}/routes",
        f"{_PLANE}/test_agent.py",
        f"{_PLANE}/test_logs.py",
        f"{_PLANE}/test_metrics.py",
        f"{_PLANE}/test_older_metrics.py",
        f"{_PLANE}/test_pipeline_stats.py",
        f"{_PLANE}/test_process.py",
        f"{_PLANE}/test_server.py",
        f"{_PLANE}/test_settings.py",
        f"{_PLANE}/transports/test_connections.py",
        f"{_PLANE}/transports/test_websocket.py",
        "calls/test_the_docs_examples_work.py",
        "calls/test_the_doctor_finds_what_is_wrong.py",
        "calls/test_the_older_metrics_tell_of_real_calls.py",
    ),
    "pipeline": (
        f"{_PLANE}/engines",
        f"{_PLANE}/media",
        f"{_PLANE}/transports",
        f"{_PLANE}/test_bill.py",
        f"{_PLANE}/test_clauses.py",
        f"{_PLANE}/test_fillers.py",
        f"{_PLANE}/test_first_words.py",
        f"{_PLANE}/test_listener.py",
        f"{_PLANE}/test_patience.py",
        f"{_PLANE}/test_questions.py",
        f"{_PLANE}/test_repertoire.py",
        f"{_PLANE}/test_reply.py",
        f"{_PLANE}/test_turns.py",
        "calls/test_a_filler_comes_before_the_answer.py",
        "calls/test_a_recording_is_a_turn.py",
        "calls/test_a_test_tone_measures_the_line.py",
        "calls/test_other_engines_hold_a_call.py",
    ),
    "performance": (
        f"{_PLANE}/engines/test_resting.py",
        f"{_PLANE}/hearing/test_first_answer.py",
        f"{_PLANE}/media/test_alarm.py",
        f"{_PLANE}/media/test_pacer.py",
        f"{_PLANE}/test_collector.py",
        "calls/test_a_spoken_question_gets_the_right_answer.py",
        "calls/test_an_interruption_stops_audio_and_history.py",
    ),
    "security": (
        "fuzz",
        "contract/test_a_tenant_changes_and_goes.py",
        "contract/test_a_tenant_is_alone.py",
        "contract/test_rbac.py",
        "unit/manifests/test_rights.py",
        "unit/parley_api/test_access.py",
        "unit/parley_tuner/test_profile.py",
        "unit/parley_tuner/test_serve.py",
        f"{_PLANE}/media/test_containers.py",
        f"{_PLANE}/protocols/test_fields.py",
        f"{_PLANE}/protocols/test_multipart.py",
        f"{_PLANE}/routes/test_origins.py",
        f"{_PLANE}/routes/test_turnstile.py",
        f"{_PLANE}/test_logs.py",
        f"{_PLANE}/transports/test_dtls.py",
        f"{_PLANE}/transports/test_port.py",
        f"{_PLANE}/transports/test_sdp.py",
        f"{_PLANE}/transports/test_srtp.py",
        f"{_PLANE}/transports/test_stun.py",
        "browser/test_foreign_page.py",
        "calls/test_a_foreign_page_is_refused.py",
        "calls/test_bad_input_leaves_other_calls_alone.py",
    ),
    "reliability": (
        "unit/parley_operator/test_fence.py",
        "unit/parley_operator/test_lease.py",
        "unit/parley_operator/test_process_one.py",
        "unit/parley_operator/test_queue.py",
        "unit/parley_operator/test_reconcile.py",
        "unit/parley_operator/test_reconcile_breaks.py",
        "unit/parley_operator/test_reconcile_looks_up.py",
        "unit/parley_operator/test_reconcile_slowly.py",
        "unit/parley_operator/test_watch.py",
        "unit/parley_tuner/test_journal.py",
        "unit/parley_tuner/test_killed_at_every_step.py",
        "unit/parley_tuner/test_tune.py",
        "e2e/test_the_tuner_tunes_this_machine.py",
        f"{_PLANE}/engines/test_worker.py",
        f"{_PLANE}/test_shouting.py",
        f"{_PLANE}/media/test_jitter.py",
        f"{_PLANE}/media/test_lateness.py",
        f"{_PLANE}/media/test_voice.py",
        f"{_PLANE}/test_collector.py",
        f"{_PLANE}/transports/test_connections.py",
        f"{_PLANE}/transports/test_webrtc_ends.py",
        "browser/test_messages.py",
        "calls/test_300_calls_leave_nothing.py",
        "calls/test_a_server_that_drains_ends_with_its_last_call.py",
        "calls/test_bad_input_leaves_other_calls_alone.py",
        "calls/test_ctrl_c_says_goodbye.py",
    ),
    "integration": ("browser", "calls", "contract", "e2e", "vllm"),
}

WITHOUT = ("unit/bench", "unit/clients", "unit/contract", "unit/controlplane", "unit/house")
"""Tests of the tests, and of the repository's own pages: of no category."""


def categories_of(path: str) -> list[str]:
    """Of a test file, by its path under tests/."""
    file = PurePosixPath(path)
    return [
        name for name, places in CATEGORIES.items() if any(file.is_relative_to(place) for place in places)
    ]

#include "services/normalizer/redaction_table.h"

namespace zoomwatch {
namespace {

using S = SecretScope;

constexpr std::string_view kJoin = "joins without asking: holds the passcode or a personal token";
constexpr std::string_view kPasscode = "passcode of a meeting, webinar, recording or room";
constexpr std::string_view kDownload = "downloads or plays content, with or without the download token";
constexpr std::string_view kStream = "feeds or takes over a live stream";
constexpr std::string_view kPin = "identifies a caller on the telephone";
constexpr std::string_view kBearer = "bearer token, or an address that acts on behalf of the app";

constexpr SecretPath kTable[] = {
    {S::kTop, "download_token", kBearer},
    {S::kTop, "callback_token", kBearer},
    {S::kTop, "callback_url", kBearer},
    {S::kTop, "response_url", kBearer},
    {S::kBody, "signature", "signature of the app's deauthorization"},

    {S::kBody, "password", kPasscode},
    {S::kBody, "passcode", kPasscode},
    {S::kBody, "host_key", "claims the host's role"},
    {S::kBody, "join_url", kJoin},
    {S::kBody, "start_url", kJoin},
    {S::kBody, "join_link", kJoin},
    {S::kBody, "registration_url", kJoin},
    {S::kBody, "registrant.join_url", kJoin},
    {S::kBody, "registrant.participant_pin_code", kPin},
    {S::kBody, "participant_pin_code", kPin},
    {S::kBody, "session_key", "joins a session"},
    {S::kBody, "session_pin", "joins a session"},
    {S::kBody, "manage_url", "changes or cancels a booking"},
    {S::kBody, "scheduled_event.external_location.meeting_join_url", kJoin},
    {S::kBody, "scheduled_event.external_location.meeting_passcode", kPasscode},

    {S::kBody, "live_streaming.custom_live_streaming_settings.stream_key", kStream},
    {S::kBody, "live_streaming.custom_live_streaming_settings.stream_url", kStream},
    {S::kBody, "stream_ingestion.stream_key", kStream},
    {S::kBody, "stream_ingestion.stream_url", kStream},
    {S::kBody, "stream_ingestion.backup_stream_url", kStream},

    {S::kBody, "recording_play_passcode", kPasscode},
    {S::kBody, "share_url", kDownload},
    {S::kBody, "play_url", kDownload},
    {S::kBody, "download_url", kDownload},
    {S::kBody, "recording_file.play_url", kDownload},
    {S::kBody, "recording_file.download_url", kDownload},
    {S::kBody, "recording_files[].play_url", kDownload},
    {S::kBody, "recording_files[].download_url", kDownload},
    {S::kBody, "participant_audio_files[].play_url", kDownload},
    {S::kBody, "participant_audio_files[].download_url", kDownload},
    {S::kBody, "participant_video_files[].play_url", kDownload},
    {S::kBody, "participant_video_files[].download_url", kDownload},
    {S::kBody, "archive_files[].play_url", kDownload},
    {S::kBody, "archive_files[].download_url", kDownload},
    {S::kBody, "recordings[].play_url", kDownload},
    {S::kBody, "recordings[].download_url", kDownload},
    {S::kBody, "recordings[].transcript_download_url", kDownload},
    {S::kBody, "meetings[].password", kPasscode},
    {S::kBody, "meetings[].share_url", kDownload},
    {S::kBody, "meetings[].recording_files[].play_url", kDownload},
    {S::kBody, "meetings[].recording_files[].download_url", kDownload},
    {S::kBody, "chat_message_file.download_url", kDownload},
    {S::kBody, "attachments[].download_url", kDownload},
    {S::kBody, "transcript_url", kDownload},
    {S::kBody, "summary_doc_url", kDownload},

    {S::kBody, "settings.chat.send_data_to_third_party_archiving_service.passcode", "opens the chat archive"},
    {S::kBody, "settings.chat.send_data_to_third_party_archiving_service.authorized_channel_token", "opens the chat archive"},
    {S::kBody, "settings.schedule_meeting.pmi_password", kPasscode},
    {S::kBody, "provision.sip_accounts[].password", "registers as a telephone"},
    {S::kBody, "tsp_credentials.leader_pin", kPin},
    {S::kBody, "tsp_credentials.conference_code", kPin},
    {S::kBody, "leader_pin", kPin},
    {S::kBody, "conference_code", kPin},
};

}  // namespace

std::span<const SecretPath> SecretPaths() { return kTable; }

}  // namespace zoomwatch

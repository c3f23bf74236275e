// Connect to FastRTC
const ws = new WebSocket('ws://localhost:9011/api/v1/rtc/stream');

// Start session
ws.onopen = () => {
    ws.send(JSON.stringify({
        type: 'start_session',
        user_id: 'my_user'
    }));
};

// Handle messages
ws.onmessage = (event) => {
    if (typeof event.data === 'string') {
        const data = JSON.parse(event.data);
        console.log('Message:', data);
        
        if (data.type === 'transcript') {
            console.log('You said:', data.text);
        }
    } else {
        // Binary audio response - play it
        playAudio(event.data);
    }
};

// Send audio
async function sendAudio(audioBlob) {
    const arrayBuffer = await audioBlob.arrayBuffer();
    ws.send(arrayBuffer);
}

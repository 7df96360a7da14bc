"""What chat, responses, embeddings and safety share: bodies, pictures, tools, failed answers."""

"""What a program is between the frontend and the backend: typed, structured, SSA for scalars, explicit memory."""

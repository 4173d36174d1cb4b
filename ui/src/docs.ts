import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';

SwaggerUIBundle({
  dom_id: '#swagger',
  url: '/api/openapi.json',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
